import type { GgufCursor } from './cursor.js';

/** A metadata value: 64-bit numbers beyond 2^53 are bigint, arrays of numbers are plain copies. */
export type GgufValue = string | number | bigint | boolean | readonly string[] | readonly boolean[] | Float64Array;

/** The numbers of the value types in the file (gguf.md). */
export const ggufValueTypes = {
  uint8: 0,
  int8: 1,
  uint16: 2,
  int16: 3,
  uint32: 4,
  int32: 5,
  float32: 6,
  bool: 7,
  string: 8,
  array: 9,
  uint64: 10,
  int64: 11,
  float64: 12,
} as const;

interface Scalar {
  readonly bytes: number;
  read(view: DataView, at: number): number | bigint;
}

const scalars: Readonly<Record<number, Scalar>> = {
  0: { bytes: 1, read: (view, at) => view.getUint8(at) },
  1: { bytes: 1, read: (view, at) => view.getInt8(at) },
  2: { bytes: 2, read: (view, at) => view.getUint16(at, true) },
  3: { bytes: 2, read: (view, at) => view.getInt16(at, true) },
  4: { bytes: 4, read: (view, at) => view.getUint32(at, true) },
  5: { bytes: 4, read: (view, at) => view.getInt32(at, true) },
  6: { bytes: 4, read: (view, at) => view.getFloat32(at, true) },
  10: { bytes: 8, read: (view, at) => view.getBigUint64(at, true) },
  11: { bytes: 8, read: (view, at) => view.getBigInt64(at, true) },
  12: { bytes: 8, read: (view, at) => view.getFloat64(at, true) },
};

/** The limits of llama.cpp's own reader for keys; strings hold chat templates and tokens. */
const keyBytesMax = 65_535;
const stringBytesMax = 16 * 1024 * 1024;

/** The key-value pairs, each once. */
export function readGgufFields(cursor: GgufCursor, count: number): Map<string, GgufValue> {
  const fields = new Map<string, GgufValue>();
  for (let index = 0; index < count; index++) {
    const key = cursor.string(`key ${index}`, keyBytesMax);
    if (fields.has(key)) throw cursor.bad(`the key ${JSON.stringify(key.slice(0, 80))} is there twice`);
    fields.set(key, readValue(cursor, key.slice(0, 80)));
  }
  return fields;
}

function readValue(cursor: GgufCursor, key: string): GgufValue {
  const type = cursor.u32(`the type of ${key}`);
  if (type === ggufValueTypes.array) return readArray(cursor, key);
  if (type === ggufValueTypes.string) return cursor.string(key, stringBytesMax);
  if (type === ggufValueTypes.bool) return readBool(cursor, key);
  const value = scalarOf(cursor, type, key).read(cursor.view(cursor.take(sizeOf(type), key), sizeOf(type)), 0);
  return typeof value === 'bigint' && isSafe(value) ? Number(value) : value;
}

const sizeOf = (type: number): number => scalars[type]?.bytes ?? 0;

const isSafe = (value: bigint): boolean =>
  value <= BigInt(Number.MAX_SAFE_INTEGER) && value >= BigInt(Number.MIN_SAFE_INTEGER);

function scalarOf(cursor: GgufCursor, type: number, key: string): Scalar {
  const scalar = scalars[type];
  if (scalar) return scalar;
  throw cursor.bad(`${key} has the unknown value type ${type}`);
}

function readBool(cursor: GgufCursor, key: string): boolean {
  const byte = cursor.view(cursor.take(1, key), 1).getUint8(0);
  if (byte > 1) throw cursor.bad(`${key} is ${byte}, expected 0 or 1 for a truth value`);
  return byte === 1;
}

function readArray(cursor: GgufCursor, key: string): GgufValue {
  const type = cursor.u32(`the element type of ${key}`);
  if (type === ggufValueTypes.array) throw cursor.bad(`${key} is an array of arrays, which GGUF readers do not take`);
  if (type === ggufValueTypes.string) {
    // An empty string still takes its length of 8 bytes, so that a list never holds more entries than the file has bytes.
    const count = cursor.count(`the length of ${key}`, 8);
    const texts: string[] = [];
    while (texts.length < count) texts.push(cursor.string(`${key}[${texts.length}]`, stringBytesMax));
    return texts;
  }
  if (type === ggufValueTypes.bool) {
    const count = cursor.count(`the length of ${key}`, 1);
    const truths: boolean[] = [];
    while (truths.length < count) truths.push(readBool(cursor, key));
    return truths;
  }
  const { bytes, read } = scalarOf(cursor, type, key);
  const count = cursor.count(`the length of ${key}`, bytes);
  const view = cursor.view(cursor.take(count * bytes, key), count * bytes);
  return Float64Array.from({ length: count }, (_, index) => {
    const value = read(view, index * bytes);
    if (typeof value === 'bigint' && !isSafe(value)) throw cursor.bad(`${key}[${index}] is ${value}, beyond 2^53`);
    return Number(value);
  });
}
