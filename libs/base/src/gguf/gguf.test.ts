import { describe, expect, it } from '@jest/globals';
import { configOfGguf, parseGgufHeader } from '../index.js';

/** Little-endian pieces of a file: numbers are u64, texts have their length before them. */
const u32 = (value: number): number[] => [value & 255, (value >> 8) & 255, (value >> 16) & 255, (value >>> 24) & 255];
const u64 = (value: bigint | number): number[] => {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, BigInt(value), true);
  return [...new Uint8Array(view.buffer)];
};
const text = (value: string): number[] => [...u64(Buffer.byteLength(value)), ...Buffer.from(value)];
const head = (tensors: bigint | number, pairs: bigint | number, version = 3): number[] => [
  ...Buffer.from('GGUF'),
  ...u32(version),
  ...u64(tensors),
  ...u64(pairs),
];
const tensor = (name: string, sizes: (bigint | number)[], type: number, offset: bigint | number): number[] => [
  ...text(name),
  ...u32(sizes.length),
  ...sizes.flatMap(u64),
  ...u32(type),
  ...u64(offset),
];
const padded = (bytes: number[], data: number): number[] => [
  ...bytes,
  ...new Array<number>((32 - (bytes.length % 32)) % 32).fill(0),
  ...new Array<number>(data).fill(0),
];
const parse = (bytes: number[]) => parseGgufHeader('f.gguf', Uint8Array.from(bytes), bytes.length);

describe('a GGUF file', () => {
  it('gives its metadata and its tensors, rows last', () => {
    const bytes = padded(
      [
        ...head(2, 3),
        ...[...text('a.text'), ...u32(8), ...text('naïve')],
        ...[...text('a.list'), ...u32(9), ...u32(5), ...u64(2), ...u32(7), ...u32(-1)],
        ...[...text('a.large'), ...u32(10), ...u64(2n ** 60n)],
        ...tensor('first', [32, 3], 8, 0),
        ...tensor('second', [4], 0, 128),
      ],
      144,
    );
    const { fields, tensors } = parse(bytes);
    expect([fields.get('a.text'), fields.get('a.large')]).toEqual(['naïve', 2n ** 60n]);
    expect([...(fields.get('a.list') as Float64Array)]).toEqual([7, -1]);
    expect(tensors.get('first')).toMatchObject({ type: 'Q8_0', shape: [3, 32], begin: bytes.length - 144 });
    expect(tensors.get('second')?.end).toBe(bytes.length);
  });

  const cases: [problem: string, bytes: number[]][] = [
    ['does not begin with', [...Buffer.from('GGML'), ...u32(3)]],
    ['big-endian', [...Buffer.from('GGUF'), 0, 0, 0, 3, ...u64(0), ...u64(0)]],
    ['version 2 or 3', head(0, 0, 1)],
    ['larger than any file', head(2n ** 63n, 0)],
    ['bytes follow', head(1000, 0)],
    ['bytes follow', head(0, 2n ** 40n)],
    ['bytes follow', [...head(0, 1), ...u64(2n ** 50n), 1, 2, 3, 4, 5, 6, 7, 8]],
    ['unknown value type 77', [...head(0, 1), ...text('k'), ...u32(77), ...u64(0)]],
    ['array of arrays', [...head(0, 1), ...text('k'), ...u32(9), ...u32(9), ...u64(0)]],
    ['only 0 bytes follow', [...head(0, 1), ...text('k'), ...u32(9), ...u32(8), ...u64(2n ** 50n)]],
    ['expected 0 or 1', [...head(0, 1), ...text('k'), ...u32(7), 2]],
    ['not UTF-8', [...head(0, 1), ...u64(1), 0xff, ...u32(4), ...u32(0)]],
    ['there twice', [...head(0, 2), ...text('k'), ...u32(0), 1, ...text('k'), ...u32(0), 1]],
    ['general.alignment', [...head(0, 1), ...text('general.alignment'), ...u32(4), ...u32(0)]],
    ['general.alignment', [...head(0, 1), ...text('general.alignment'), ...u32(4), ...u32(48)]],
    ['dimensions', padded([...head(1, 0), ...tensor('t', [], 0, 0)], 64)],
    ['size of 0', padded([...head(1, 0), ...tensor('t', [0], 0, 0)], 64)],
    ['more than the file', padded([...head(1, 0), ...tensor('t', [2n ** 40n, 2n ** 12n], 0, 0)], 64)],
    ['IQ2_XS', padded([...head(1, 0), ...tensor('t', [256], 17, 0)], 512)],
    ['multiple of 32', padded([...head(1, 0), ...tensor('t', [16, 2], 8, 0)], 64)],
    ['expected 0', padded([...head(1, 0), ...tensor('t', [4], 0, 32)], 64)],
    ['expected 32', padded([...head(2, 0), ...tensor('t', [4], 0, 0), ...tensor('u', [4], 0, 16)], 64)],
    ['there twice', padded([...head(2, 0), ...tensor('t', [4], 0, 0), ...tensor('t', [4], 0, 32)], 64)],
    ['but the file has', padded([...head(1, 0), ...tensor('t', [16], 0, 0)], 60)],
    ['belong to none', padded([...head(1, 0), ...tensor('t', [4], 0, 0)], 64)],
  ];
  it.each(cases)('is refused when it is hostile: %s', (problem, bytes) => {
    expect(() => parse(bytes)).toThrow(problem);
    expect(() => parse(bytes)).toThrow(/^\[gguf\] f\.gguf: .*; fix: /s);
  });

  it('of an unknown architecture is refused by name', () => {
    const header = parse([...head(0, 1), ...text('general.architecture'), ...u32(8), ...text('mamba')]);
    expect(() => configOfGguf('f.gguf', header, () => new Float32Array())).toThrow('"mamba" is not supported');
  });
});
