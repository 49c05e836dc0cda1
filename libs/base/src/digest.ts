import { createHash, type Hash } from 'node:crypto';
import { canonicalJson } from './canonical-json.js';

/** The name of immutable bytes: `sha256:` and 64 lower-case hex digits. */
export type Digest = `sha256:${string}`;

export const digestPattern = /^sha256:[0-9a-f]{64}$/;

export const isDigest = (text: string): text is Digest => digestPattern.test(text);

export const digestOfBytes = (bytes: Uint8Array | string): Digest =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** The digest of a value's canonical JSON: equal values, equal names. */
export const digestOf = (value: unknown): Digest => digestOfBytes(canonicalJson(value));

/** Hashes a stream piece by piece. */
export class DigestStream {
  readonly #hash: Hash = createHash('sha256');
  #bytes = 0;

  update(chunk: Uint8Array): void {
    this.#bytes += chunk.byteLength;
    this.#hash.update(chunk);
  }

  get bytes(): number {
    return this.#bytes;
  }

  finish(): Digest {
    return `sha256:${this.#hash.digest('hex')}`;
  }
}
