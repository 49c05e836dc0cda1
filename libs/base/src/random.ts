import { createHash } from 'node:crypto';

/**
 * Random numbers that depend only on a seed and a path such as (epoch, position), never on a shared generator, so that a
 * resumed run draws exactly what the uninterrupted one would have drawn.
 */
export function seeded(seed: number, ...path: (number | string)[]): () => number {
  const hash = createHash('sha256')
    .update([seed, ...path].join('/'))
    .digest();
  return sfc32(hash.readUInt32LE(0), hash.readUInt32LE(4), hash.readUInt32LE(8), hash.readUInt32LE(12));
}

/** Uniform numbers in [0, 1) with 32 bits: the sfc32 generator of PractRand (Chris Doty-Humphrey). */
function sfc32(a: number, b: number, c: number, counter: number): () => number {
  return () => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return (sum >>> 0) / 2 ** 32;
  };
}

/** The numbers 0..count-1 in a seeded order (Fisher-Yates). */
export function shuffledIndices(count: number, random: () => number): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, index) => index);
  for (let last = count - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    const held = order[last] as number;
    order[last] = order[other] as number;
    order[other] = held;
  }
  return order;
}
