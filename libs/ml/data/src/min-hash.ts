import { words } from './normalise.js';

/** Numbers per signature: the standard error of an estimate is at most 1/sqrt(4 * 128), 0.044. */
const signatureSize = 128;
const bands = 32;
const rowsPerBand = signatureSize / bands;
const shingleWords = 3;

export type Signature = Uint32Array;

/** The sets of three neighbouring words that are compared; shorter texts are one shingle. */
export function shingles(text: string): Set<string> {
  const list = words(text);
  const count = Math.max(1, list.length - shingleWords + 1);
  return new Set(Array.from({ length: count }, (_, at) => list.slice(at, at + shingleWords).join(' ')));
}

/** MinHash (Broder 1997): equal positions of two signatures estimate the Jaccard similarity of their sets. */
export function signatureOf(text: string): Signature {
  const signature = new Uint32Array(signatureSize).fill(0xffffffff);
  for (const shingle of shingles(text)) {
    const hash = fnv1a(shingle);
    for (let at = 0; at < signatureSize; at++) {
      const value = mixed(hash ^ Math.imul(at + 1, 0x9e3779b9));
      if (value < (signature[at] as number)) signature[at] = value;
    }
  }
  return signature;
}

export function estimatedJaccard(a: Signature, b: Signature): number {
  let equal = 0;
  for (let at = 0; at < signatureSize; at++) if (a[at] === b[at]) equal++;
  return equal / signatureSize;
}

/** Finds earlier texts like a new one without comparing all pairs: candidates share at least one band of the signature. */
export class NearDuplicateIndex {
  readonly #threshold: number;
  readonly #signatures: Signature[] = [];
  readonly #buckets = Array.from({ length: bands }, () => new Map<number, number[]>());

  /** `threshold` is the Jaccard similarity from which two texts are one; bands of 4 find nearly all pairs above 0.6. */
  constructor(threshold: number) {
    this.#threshold = threshold;
  }

  /** The number of the earliest added text that is like this one. */
  find(signature: Signature): number | undefined {
    let earliest: number | undefined;
    for (const other of this.#candidates(signature))
      if (earliest === undefined || other < earliest)
        if (estimatedJaccard(signature, this.#signatures[other] as Signature) >= this.#threshold) earliest = other;
    return earliest;
  }

  /** Adds a text and returns its number: 0, 1, 2 ... */
  add(signature: Signature): number {
    const number = this.#signatures.push(signature) - 1;
    this.#buckets.forEach((bucket, band) => {
      const key = bandKey(signature, band);
      const numbers = bucket.get(key);
      if (numbers) numbers.push(number);
      else bucket.set(key, [number]);
    });
    return number;
  }

  #candidates(signature: Signature): Set<number> {
    return new Set(this.#buckets.flatMap((bucket, band) => bucket.get(bandKey(signature, band)) ?? []));
  }
}

function bandKey(signature: Signature, band: number): number {
  let key = band;
  for (let at = band * rowsPerBand; at < (band + 1) * rowsPerBand; at++) key = mixed(key ^ (signature[at] as number));
  return key;
}

function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}

/** The finalizer of MurmurHash3: every input bit reaches every output bit. */
function mixed(value: number): number {
  let hash = value | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
