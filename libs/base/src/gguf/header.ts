import { GgufCursor, refuseGguf } from './cursor.js';
import { type GgufValue, readGgufFields } from './fields.js';
import { ggmlLayouts, ggmlTypeName, ggmlTypeOf, type GgmlType } from './types.js';

export interface GgufTensor {
  readonly type: GgmlType;
  /** Row-major, the longest stride first, as in safetensors: the file's own order reversed. */
  readonly shape: readonly number[];
  /** First and one past the last byte, counted from the start of the file. */
  readonly begin: number;
  readonly end: number;
}

export interface GgufHeader {
  readonly version: number;
  readonly fields: ReadonlyMap<string, GgufValue>;
  readonly tensors: ReadonlyMap<string, GgufTensor>;
}

/** Real headers are a few megabytes (the vocabulary); whatever is larger is an attack or a mistake. */
export const ggufHeaderBytesMax = 64 * 1024 * 1024;
const tensorNameBytesMax = 64;
const dimensionsMax = 4;
/** The least that a key-value pair (empty key, type, one byte) and a tensor (empty name, one size) can take. */
const pairBytesMin = 8 + 4 + 1;
const tensorBytesMin = 8 + 4 + 8 + 4 + 8;

/**
 * Parses and checks the head of a GGUF file, version 2 or 3: metadata, and for every tensor that its type is known, that its
 * blocks fill whole rows, and that its bytes lie in the file, aligned, in order, and belong to no other tensor. `bytes` is the
 * whole file or its first `ggufHeaderBytesMax` bytes. Throws a refusal that names the file and what is wrong, and nothing else.
 */
export function parseGgufHeader(file: string, bytes: Uint8Array, fileBytes: number): GgufHeader {
  const cursor = new GgufCursor(file, bytes, fileBytes);
  const magic = cursor.u32('the magic number');
  if (magic !== 0x46554747) throw cursor.bad('it does not begin with "GGUF"', 'give a GGUF file');
  const version = cursor.u32('the version');
  if (version !== 2 && version !== 3) throw unreadVersion(file, version);
  const tensorCount = cursor.count('the number of tensors', tensorBytesMin);
  const pairCount = cursor.count('the number of metadata pairs', pairBytesMin);
  const fields = readGgufFields(cursor, pairCount);
  const alignment = alignmentOf(cursor, fields);
  const infos: TensorInfo[] = [];
  for (let index = 0; index < tensorCount; index++) infos.push(readTensor(cursor, index));
  return { version, fields, tensors: placed(cursor, infos, alignment) };
}

const unreadVersion = (file: string, version: number) => {
  const isSwapped = version === 0x02000000 || version === 0x03000000;
  const problem = isSwapped ? 'it is big-endian' : `expected version 2 or 3 but received ${version}`;
  return refuseGguf(file, problem, 'convert it with a current llama.cpp on a little-endian machine');
};

function alignmentOf(cursor: GgufCursor, fields: ReadonlyMap<string, GgufValue>): number {
  const value = fields.get('general.alignment') ?? 32;
  const isPower = typeof value === 'number' && value >= 8 && value <= 65_536 && Number.isInteger(Math.log2(value));
  if (isPower) return value;
  throw cursor.bad(`general.alignment is ${String(value).slice(0, 40)}, expected a power of two between 8 and 65536`);
}

interface TensorInfo {
  readonly name: string;
  readonly type: GgmlType;
  readonly shape: readonly number[];
  readonly bytes: number;
  /** Counted from the start of the data. */
  readonly offset: number;
}

function readTensor(cursor: GgufCursor, index: number): TensorInfo {
  const name = cursor.string(`the name of tensor ${index}`, tensorNameBytesMax);
  const dimensions = cursor.u32(`the dimensions of ${name}`);
  if (dimensions < 1 || dimensions > dimensionsMax) {
    throw cursor.bad(`tensor ${name} has ${dimensions} dimensions, expected 1 to ${dimensionsMax}`);
  }
  const sizes = Array.from({ length: dimensions }, () => cursor.u64(`a size of ${name}`));
  const id = cursor.u32(`the type of ${name}`);
  const type = ggmlTypeOf(id);
  if (!type) {
    const read = Object.keys(ggmlLayouts).join(', ');
    throw cursor.bad(`tensor ${name} holds ${ggmlTypeName(id)}, which is not read`, `use a file of ${read}`);
  }
  return {
    name,
    type,
    shape: [...sizes].reverse(),
    bytes: bytesOf(cursor, name, sizes, type),
    offset: cursor.u64(`the offset of ${name}`),
  };
}

function bytesOf(cursor: GgufCursor, name: string, sizes: readonly number[], type: GgmlType): number {
  const { values, bytes } = ggmlLayouts[type];
  const elements = sizes.reduce((product, size) => product * size, 1);
  if (elements === 0) throw cursor.bad(`tensor ${name} has a size of 0`);
  // A product beyond 2^53 is no longer exact, but also far beyond any file.
  if ((elements / values) * bytes > cursor.fileBytes) {
    throw cursor.bad(
      `tensor ${name} claims ${sizes.join(' x ')} ${type} values, more than the file's ${cursor.fileBytes} bytes`,
    );
  }
  if ((sizes[0] as number) % values !== 0) {
    throw cursor.bad(`tensor ${name} has rows of ${sizes[0]} values, expected a multiple of ${values} for ${type}`);
  }
  return (elements / values) * bytes;
}

/** Tensors follow each other in the order of the list, each padded to the alignment, as every GGUF writer lays them out. */
function placed(cursor: GgufCursor, infos: readonly TensorInfo[], alignment: number): Map<string, GgufTensor> {
  const padded = (position: number): number => Math.ceil(position / alignment) * alignment;
  const dataStart = padded(cursor.at);
  const tensors = new Map<string, GgufTensor>();
  let next = 0;
  for (const { name, type, shape, bytes, offset } of infos) {
    if (tensors.has(name)) throw cursor.bad(`the tensor ${name} is there twice`);
    if (offset !== next) throw cursor.bad(`tensor ${name} begins at ${offset} of the data, expected ${next}`);
    const begin = dataStart + offset;
    if (begin + bytes > cursor.fileBytes) {
      throw cursor.bad(`tensor ${name} ends at byte ${begin + bytes} but the file has ${cursor.fileBytes}`);
    }
    tensors.set(name, { type, shape, begin, end: begin + bytes });
    next = padded(offset + bytes);
  }
  const end = infos.length === 0 ? cursor.at : dataStart + next;
  if (cursor.fileBytes > Math.max(end, dataStart)) {
    throw cursor.bad(`${cursor.fileBytes - end} bytes after the last tensor belong to none`);
  }
  return tensors;
}
