import { bytesOfFloats, type StoredWeight } from '../weight-source.js';
import type { QuantizedTensors } from '../quantized-tensors.js';

/** bitsandbytes multiplies by this f32 constant, not by 1 / 127 (functional.py, int8_vectorwise_dequant). */
const perUnit = Math.fround(7.874015718698502e-3);

/** The int8 weights of a checkpoint (LLM.int8()): one f32 scale (`SCB`, the largest magnitude) for each row. */
export function eightBitWeights(tensors: QuantizedTensors): Map<string, StoredWeight> {
  const weights = new Map<string, StoredWeight>();
  for (const scaleName of tensors.left.filter((name) => name.endsWith('.SCB'))) {
    const module = scaleName.slice(0, -'.SCB'.length);
    const name = `${module}.weight`;
    const { shape } = tensors.take(name, ['I8'], [-1, -1]);
    tensors.take(scaleName, ['F32'], [shape[0] as number]);
    checkLayout(tensors, `${module}.weight_format`);
    const { files } = tensors;
    weights.set(name, {
      dtype: 'F32',
      shape,
      bytes: () => bytesOfFloats(restoreEightBit(tensors, name, scaleName)),
      parts: {
        format: 'int8',
        read: () => ({ codes: new Int8Array(files.bytes(name).slice().buffer), absmax: files.floats(scaleName) }),
      },
    });
  }
  return weights;
}

/** Checkpoints hold weights row by row (0); the layouts of old GPU kernels are never saved. */
function checkLayout(tensors: QuantizedTensors, name: string): void {
  if (!tensors.has(name)) return;
  const { bytes } = tensors.take(name, ['U8']);
  if (bytes !== 1 || tensors.files.bytes(name)[0] !== 0) throw tensors.bad(name, 'expected the layout 0 (row)');
}

function restoreEightBit({ files }: QuantizedTensors, name: string, scaleName: string): Float32Array {
  const codes = files.bytes(name);
  const scales = files.floats(scaleName);
  const columns = codes.length / scales.length;
  const values = new Float32Array(codes.length);
  for (let row = 0; row < scales.length; row++) {
    const scale = scales[row] as number;
    for (let i = row * columns; i < (row + 1) * columns; i++) {
      values[i] = Math.fround((((codes[i] as number) << 24) >> 24) * scale) * perUnit;
    }
  }
  return values;
}
