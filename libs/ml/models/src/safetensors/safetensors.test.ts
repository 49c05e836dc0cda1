import { afterAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import {
  SafetensorsFile,
  WeightFiles,
  bf16FromFloats,
  fileSource,
  floatFromF16,
  floatsFromBf16,
  memorySource,
  safetensorsBytes,
  writeSafetensors,
} from './index.js';

/** A file with this header text and so many data bytes. */
function fileOf(header: unknown, dataBytes: number): Uint8Array {
  const text = typeof header === 'string' ? header : JSON.stringify(header);
  const bytes = new Uint8Array(8 + Buffer.byteLength(text) + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(Buffer.byteLength(text)), true);
  bytes.set(new TextEncoder().encode(text), 8);
  return bytes;
}

const open = (header: unknown, dataBytes: number) => new SafetensorsFile(memorySource('f', fileOf(header, dataBytes)));
const entry = (shape: unknown, begin: number, end: number, dtype = 'F32') => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});

describe('a hostile file is refused', () => {
  const cases: [problem: string, header: unknown, dataBytes: number][] = [
    ['overlaps', { a: entry([2], 0, 8), b: entry([2], 4, 12) }, 12],
    ['belong to no tensor', { a: entry([1], 0, 4), b: entry([1], 8, 12) }, 12],
    ['tensors end at', { a: entry([1], 0, 4) }, 8],
    ['expected 8 bytes', { a: entry([2], 0, 4) }, 4],
    ['larger than any file', { a: entry([2 ** 40, 2 ** 40], 0, 4) }, 4],
    ['list of sizes', { a: entry([-1], 0, 4) }, 4],
    ['list of sizes', { a: entry([1.5], 0, 4) }, 4],
    ['unsupported dtype', { a: entry([1], 0, 4, 'F3') }, 4],
    ['unsupported dtype', { a: entry([1], 0, 4, 'constructor') }, 4],
    ['whole bytes', { a: entry([1], 0, 1, 'F4') }, 1],
    ['two byte positions', { a: { dtype: 'F32', shape: [1], data_offsets: [0] } }, 4],
    ['unknown field', { a: { ...entry([1], 0, 4), extra: 1 } }, 4],
    ['map text to text', { __metadata__: { a: 1 } }, 0],
    ['twice', `{"a":${JSON.stringify(entry([1], 0, 4))},"a" :${JSON.stringify(entry([1], 0, 4))}}`, 4],
    ['twice', `{"a":{"dtype":"F32","shape":[1],"shape":[1],"data_offsets":[0,4]}}`, 4],
    ['twice', `{"\\u0061":${JSON.stringify(entry([1], 0, 4))},"a":${JSON.stringify(entry([1], 0, 4))}}`, 4],
    ['no object', '[]', 0],
    ['not JSON', '{', 0],
  ];
  for (const [problem, header, dataBytes] of cases) {
    it(`when it says ${JSON.stringify(header).slice(0, 60)}`, () => {
      expect(() => open(header, dataBytes)).toThrow(problem);
    });
  }

  it('when the header claims more than the file or the limit', () => {
    const bytes = fileOf({}, 0);
    new DataView(bytes.buffer).setBigUint64(0, 100n, true);
    expect(() => new SafetensorsFile(memorySource('f', bytes))).toThrow('only 2 follow');
    new DataView(bytes.buffer).setBigUint64(0, 2n ** 63n, true);
    expect(() => new SafetensorsFile(memorySource('f', bytes))).toThrow('above 100000000');
  });

  it('or read, but never crashes otherwise', () => {
    const good = fileOf({ a: entry([2], 0, 8), b: entry([3], 8, 14, 'F16') }, 14);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: good.length - 1 }), fc.integer({ min: 0, max: 255 }), (at, byte) => {
        const bytes = good.slice();
        bytes[at] = byte;
        try {
          new SafetensorsFile(memorySource('f', bytes));
        } catch (error) {
          expect((error as { code?: string }).code).toBe('invalid_safetensors');
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('writing', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'hone-safetensors-'));
  afterAll(() => rmSync(scratch, { recursive: true }));
  const tensors = new Map([
    ['b', { dtype: 'F32' as const, shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) }],
    ['a', { dtype: 'BF16' as const, shape: [3], data: () => bf16FromFloats(Float32Array.of(1, -2, 0.5)) }],
  ]);

  it('and reading gives the same values, on disk and in memory', () => {
    writeSafetensors(join(scratch, 'x.safetensors'), tensors, { format: 'pt' });
    expect(new Uint8Array(readFileSync(join(scratch, 'x.safetensors')))).toEqual(
      new Uint8Array(safetensorsBytes(tensors, { format: 'pt' })),
    );
    const file = new SafetensorsFile(fileSource(join(scratch, 'x.safetensors')));
    expect(file.metadata).toEqual({ format: 'pt' });
    expect([...file.tensors.keys()]).toEqual(['b', 'a']);
    expect(file.floats('b')).toEqual(Float32Array.of(1, 2, 3, 4));
    expect(file.floats('a')).toEqual(Float32Array.of(1, -2, 0.5));
    file.close();
  });

  it('starts the data at a multiple of 8', () => {
    const bytes = safetensorsBytes(tensors);
    expect(Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true)) % 8).toBe(0);
  });

  it('reads shards through their index and refuses a shard outside the folder', () => {
    const one = safetensorsBytes(new Map([['x', { dtype: 'F32', shape: [1], data: Float32Array.of(7) }]]));
    const two = safetensorsBytes(new Map([['y', { dtype: 'F32', shape: [1], data: Float32Array.of(8) }]]));
    const index = (map: unknown) => new TextEncoder().encode(JSON.stringify({ weight_map: map }));
    const source = new Map([
      ['m-1.safetensors', one],
      ['m-2.safetensors', two],
      ['model.safetensors.index.json', index({ x: 'm-1.safetensors', y: 'm-2.safetensors' })],
    ]);
    const files = new WeightFiles(source);
    expect(files.names).toEqual(['x', 'y']);
    expect(files.floats('y')).toEqual(Float32Array.of(8));
    const escaping = new Map(source).set('model.safetensors.index.json', index({ x: '../m-1.safetensors' }));
    expect(() => new WeightFiles(escaping)).toThrow('not a shard name');
    const wrong = new Map(source).set('model.safetensors.index.json', index({ y: 'm-1.safetensors' }));
    expect(() => new WeightFiles(wrong)).toThrow('does not hold y');
    writeFileSync(join(scratch, 'unused'), '');
  });
});

describe('narrow floats', () => {
  it('round to nearest even and come back exactly', () => {
    const halves = Uint16Array.from({ length: 65536 }, (_, i) => i);
    const back = bf16FromFloats(floatsFromBf16(halves));
    const isNaN16 = (half: number) => (half & 0x7fff) > 0x7f80;
    expect(halves.every((half, i) => half === back[i] || (isNaN16(half) && isNaN16(back[i] as number)))).toBe(true);
    expect(bf16FromFloats(Float32Array.of(1 + 2 ** -8, 1 + 3 * 2 ** -8))).toEqual(Uint16Array.of(0x3f80, 0x3f82));
  });

  it('of 16 bits have the values of IEEE 754', () => {
    expect([0x3c00, 0xc000, 0x7bff, 0x0001, 0x8000, 0x7c00].map(floatFromF16)).toEqual([
      1,
      -2,
      65504,
      2 ** -24,
      -0,
      Infinity,
    ]);
    expect(floatFromF16(0x7e00)).toBeNaN();
  });
});
