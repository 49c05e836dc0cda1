import { describe, expect, it } from '@jest/globals';
import { seeded } from '@hone/base';
import { estimatedJaccard, NearDuplicateIndex, shingles, signatureOf } from './index.js';

const jaccard = (a: string, b: string): number => {
  const [x, y] = [shingles(a), shingles(b)];
  const shared = [...x].filter((shingle) => y.has(shingle)).length;
  return shared / (x.size + y.size - shared);
};

/** Pairs of texts with every degree of likeness: b keeps a share of the words of a. */
const pairs = Array.from({ length: 200 }, (_, n) => {
  const random = seeded(11, 'pair', n);
  const word = () => `w${Math.floor(random() * 5000)}`;
  const a = Array.from({ length: 120 }, word);
  const cut = Math.floor(random() * 120);
  const b = a.map((kept, at) => (at < cut ? kept : word()));
  return [a.join(' '), b.join(' ')] as const;
});

describe('a MinHash signature', () => {
  it('estimates the Jaccard similarity without bias and within its standard error', () => {
    const errors = pairs.map(([a, b]) => estimatedJaccard(signatureOf(a), signatureOf(b)) - jaccard(a, b));
    const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length;
    const deviation = Math.sqrt(errors.reduce((sum, error) => sum + error * error, 0) / errors.length);
    expect(Math.abs(mean)).toBeLessThan(0.01);
    expect(deviation).toBeLessThan(1 / Math.sqrt(4 * 128));
  });

  it('finds the earliest text that is alike, and no other', () => {
    const index = new NearDuplicateIndex(0.8);
    for (const [a] of pairs) index.add(signatureOf(a));
    const [first] = pairs[17] as readonly [string, string];
    expect(index.find(signatureOf(`${first} and one more`))).toBe(17);
    expect(index.find(signatureOf('something else entirely that nobody wrote'))).toBeUndefined();
  });
});
