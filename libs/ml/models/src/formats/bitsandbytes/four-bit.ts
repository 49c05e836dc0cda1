import { digestOfBytes } from '@hone/base';
import type { Nf4Parts, Nf4PlainParts } from '@hone/tensor';
import { bytesOfFloats, type StoredWeight } from '../weight-source.js';
import type { QuantizedTensors } from '../quantized-tensors.js';
import { parseQuantState, quantStateBytesMax, type QuantState } from './quant-state.js';

/** A 4-bit weight as bitsandbytes keeps it, read from the files: enough to restore it, or to keep its codes as they are. */
export interface FourBitParts {
  readonly state: QuantState;
  /** Two weights a byte, the first in the high half. */
  readonly codes: Uint8Array;
  /** The value of each code: NF4 or FP4. */
  readonly codeBook: Float32Array;
  /** The largest magnitude of each block. */
  readonly absmax: Float32Array;
}

const suffix = '.quant_state.bitsandbytes__';

/** The 4-bit weights of a checkpoint by name. Sizes are checked now, values are read when asked for. */
export function fourBitWeights(tensors: QuantizedTensors): Map<string, StoredWeight> {
  const weights = new Map<string, StoredWeight>();
  for (const stateName of tensors.left.filter((name) => /\.quant_state\.bitsandbytes__(nf4|fp4)$/.test(name))) {
    const name = stateName.slice(0, stateName.indexOf(suffix));
    const read = openFourBit(tensors, name, stateName);
    weights.set(name, {
      dtype: 'F32',
      shape: stateShape(read.state),
      bytes: () => bytesOfFloats(restoreFourBit(read.parts())),
      ...(isKept(tensors, name, read.state)
        ? { parts: { format: 'nf4', read: () => keptParts(tensors, name, read.state) } }
        : {}),
    });
  }
  return weights;
}

/** Digests of the 16 values of NF4 and of the 256 of the 8-bit scales: the tables that the packed format has built in. */
const nf4Book = 'sha256:8501941daa1b8a90ad1bbfeb632e5101b5dddbc4bb52d6e55abcfd777e60c06a';
const scaleBook = 'sha256:e732639a65f497b4ad684bb166a4467708255edd5207757de8b8f0c7e1fda89c';

/** Whether the packed NF4 format can hold this weight as it is: whole blocks of 64 in a row, and its own tables. */
function isKept({ files }: QuantizedTensors, name: string, { shape, blockSize, nested }: QuantState): boolean {
  const hasBook = (table: string, digest: string): boolean => digestOfBytes(files.bytes(`${name}.${table}`)) === digest;
  const isLaidOut = blockSize === 64 && shape[1] % 64 === 0 && (nested === undefined || nested.blockSize === 256);
  return isLaidOut && hasBook('quant_map', nf4Book) && (!nested || hasBook('nested_quant_map', scaleBook));
}

function keptParts({ files }: QuantizedTensors, name: string, { nested }: QuantState): Nf4Parts | Nf4PlainParts {
  const codes = files.bytes(name);
  if (!nested) return { codes, absmax: files.floats(`${name}.absmax`) };
  const nestedAbsmax = files.floats(`${name}.nested_absmax`);
  return { codes, absmaxCodes: files.bytes(`${name}.absmax`), nestedAbsmax, offset: nested.offset };
}

const stateShape = ({ shape }: QuantState): readonly number[] => [...shape];

function openFourBit(tensors: QuantizedTensors, name: string, stateName: string) {
  const { files } = tensors;
  const noted = tensors.take(stateName, ['U8']);
  if (noted.bytes > quantStateBytesMax)
    throw tensors.bad(stateName, `it has ${noted.bytes} bytes, above ${quantStateBytesMax}`);
  const state = parseQuantState(files.bytes(stateName), (problem) => tensors.bad(stateName, problem));
  const count = state.shape[0] * state.shape[1];
  if (count % 2 !== 0) throw tensors.bad(stateName, `its shape has ${count} values, expected two in each byte`);
  // bnb_4bit_quant_storage only says in which element type the same bytes are wrapped.
  const codes = tensors.take(name, ['U8', 'BF16', 'F16', 'F32']);
  if (codes.bytes !== count / 2)
    throw tensors.bad(name, `expected ${count / 2} bytes of codes but received ${codes.bytes}`);
  const blocks = Math.ceil(count / state.blockSize);
  tensors.take(`${name}.quant_map`, ['F32'], [16]);
  tensors.take(`${name}.absmax`, [state.nested ? 'U8' : 'F32'], [blocks]);
  if (state.nested) {
    tensors.take(`${name}.nested_absmax`, ['F32'], [Math.ceil(blocks / state.nested.blockSize)]);
    tensors.take(`${name}.nested_quant_map`, ['F32'], [256]);
  }
  const parts = (): FourBitParts => ({
    state,
    codes: files.bytes(name),
    codeBook: files.floats(`${name}.quant_map`),
    absmax: absmaxOf(tensors, name, state),
  });
  return { state, parts };
}

/** Double quantization: scale = book[code] * absmax of the block of codes + offset, in f32 as bitsandbytes computes it. */
function absmaxOf({ files }: QuantizedTensors, name: string, { nested }: QuantState): Float32Array {
  if (!nested) return files.floats(`${name}.absmax`);
  const codes = files.bytes(`${name}.absmax`);
  const book = files.floats(`${name}.nested_quant_map`);
  const scales = files.floats(`${name}.nested_absmax`);
  return Float32Array.from(codes, (code, block) => {
    const scale = scales[Math.floor(block / nested.blockSize)] as number;
    return Math.fround((book[code] as number) * scale) + nested.offset;
  });
}

/** value = book[code] * absmax of its block, rounded to f32 once. */
export function restoreFourBit({ state, codes, codeBook, absmax }: FourBitParts): Float32Array {
  const values = new Float32Array(codes.length * 2);
  for (let byte = 0; byte < codes.length; byte++) {
    const pair = codes[byte] as number;
    const scale = absmax[Math.floor((2 * byte) / state.blockSize)] as number;
    values[2 * byte] = (codeBook[pair >> 4] as number) * scale;
    values[2 * byte + 1] = (codeBook[pair & 15] as number) * scale;
  }
  return values;
}
