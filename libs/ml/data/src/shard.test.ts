import { describe, expect, it } from '@jest/globals';
import { HoneError } from '@hone/base';
import fc from 'fast-check';
import { concatenated, datasetOf, readShard, ShardWriter, type TokenSequence } from './index.js';

const sequence = fc
  .array(fc.tuple(fc.nat(0x7fffffff), fc.boolean()), { minLength: 1, maxLength: 20 })
  .map((tokens): TokenSequence => ({
    ids: Int32Array.from(tokens, ([id]) => id),
    mask: Uint8Array.from(tokens, ([, learnt]) => Number(learnt)),
  }));

const written = (sequences: TokenSequence[]): Uint8Array => {
  const writer = new ShardWriter();
  for (const one of sequences) writer.add(one);
  return writer.bytes();
};
const small = written([
  { ids: Int32Array.of(1, 2, 3), mask: Uint8Array.of(0, 1, 1) },
  { ids: Int32Array.of(4), mask: Uint8Array.of(1) },
]);

describe('a shard', () => {
  it('gives back what was written', () => {
    fc.assert(
      fc.property(fc.array(sequence, { maxLength: 10 }), (sequences) => {
        const read = readShard(written(sequences));
        expect(read.length).toBe(sequences.length);
        sequences.forEach(({ ids, mask }, at) => {
          expect(read.tokens(at)).toEqual(ids);
          expect(read.labelsMask(at)).toEqual(mask);
          expect(read.lengthOf(at)).toBe(ids.length);
        });
        expect(read.trainableCount).toBe(sequences.reduce((sum, { mask }) => sum + mask.reduce((a, b) => a + b, 0), 0));
      }),
    );
  });

  it('is the same bytes for the same tokens', () => {
    expect(Buffer.from(small).toString('hex')).toBe(
      Buffer.from(
        written([
          { ids: Int32Array.of(1, 2, 3), mask: Uint8Array.of(0, 1, 1) },
          { ids: Int32Array.of(4), mask: Uint8Array.of(1) },
        ]),
      ).toString('hex'),
    );
  });

  it('is read from the middle of a larger buffer', () => {
    const larger = new Uint8Array(small.length + 7);
    larger.set(small, 3);
    expect(readShard(larger.subarray(3, 3 + small.length)).tokens(0)).toEqual(Int32Array.of(1, 2, 3));
  });

  it('is refused when any one bit differs', () => {
    for (let bit = 0; bit < small.length * 8; bit++) {
      const damaged = small.slice();
      damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(() => readShard(damaged)).toThrow('[shard]');
    }
  });

  it('is refused, never misread, when it is cut, longer, or anything else', () => {
    for (let length = 0; length < small.length; length++)
      expect(() => readShard(small.subarray(0, length))).toThrow(HoneError);
    expect(() => readShard(Uint8Array.from([...small, 0]))).toThrow(HoneError);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (noise, hasMagic) => {
        const bytes = hasMagic ? Uint8Array.from([...small.subarray(0, 12), ...noise]) : noise;
        expect(() => readShard(bytes)).toThrow(HoneError);
      }),
      { numRuns: 500 },
    );
  });

  it('refuses to write a sequence whose mask does not fit', () => {
    expect(() => new ShardWriter().add({ ids: Int32Array.of(1), mask: new Uint8Array(2) })).toThrow('mask values');
  });
});

describe('datasets in a row', () => {
  it('are read as one', () => {
    const one = (id: number) => ({ ids: Int32Array.of(id), mask: Uint8Array.of(1) });
    const all = concatenated([datasetOf([one(0), one(1)]), datasetOf([]), datasetOf([one(2)])]);
    expect([0, 1, 2].map((at) => all.tokens(at)[0])).toEqual([0, 1, 2]);
    expect(all.tokenCount).toBe(3);
    expect(() => all.tokens(3)).toThrow('below 3');
  });
});
