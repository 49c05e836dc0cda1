import { createHash, randomInt } from 'node:crypto';

/** The two words that a choice's draws start from: equal seed and index, equal draws, whatever else runs. */
export function seedWords(seed: number, index: number): [number, number] {
  const hash = createHash('sha256').update(`${seed}/${index}`).digest();
  return [hash.readInt32LE(0), hash.readInt32LE(4)];
}

export const randomSeed = (): number => randomInt(2 ** 47);
