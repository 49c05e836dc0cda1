import { refusal } from '../errors.js';

export const refuseGguf = (file: string, problem: string, fix = 'download the file again or convert it again') =>
  refusal('invalid_gguf', `[gguf] ${file}: ${problem}; fix: ${fix}`, { param: file });

/** Walks over the head of a GGUF file; every step is checked against the bytes that are there before anything is read. */
export class GgufCursor {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #text = new TextDecoder('utf-8', { fatal: true });
  at = 0;

  /** `bytes` is the head of a file of `fileBytes` bytes. */
  constructor(
    readonly file: string,
    bytes: Uint8Array,
    readonly fileBytes: number,
  ) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  bad(problem: string, fix?: string): Error {
    return refuseGguf(this.file, problem, fix);
  }

  /** Moves over `count` bytes and gives where they begin. */
  take(count: number, what: string): number {
    const begin = this.at;
    if (count > this.#bytes.byteLength - begin) {
      const isHeadShort = this.#bytes.byteLength < this.fileBytes;
      throw isHeadShort
        ? this.bad(`${what} lies beyond the first ${this.#bytes.byteLength} bytes, which is the limit of a header`)
        : this.bad(`expected ${count} bytes of ${what} at byte ${begin} but the file ends at ${this.fileBytes}`);
    }
    this.at += count;
    return begin;
  }

  u32(what: string): number {
    return this.#view.getUint32(this.take(4, what), true);
  }

  /** A count or position; numbers above 2^53 belong to no file. */
  u64(what: string): number {
    const value = this.#view.getBigUint64(this.take(8, what), true);
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw this.bad(`${what} is ${value}, larger than any file`);
    return Number(value);
  }

  /** How many things follow, of which each takes at least `bytesMin` bytes. */
  count(what: string, bytesMin: number): number {
    const value = this.u64(what);
    const left = this.fileBytes - this.at;
    if (value > left / bytesMin) throw this.bad(`${what} is ${value} but only ${left} bytes follow`);
    return value;
  }

  string(what: string, bytesMax: number): string {
    const length = this.count(`the length of ${what}`, 1);
    if (length > bytesMax) throw this.bad(`${what} has ${length} bytes, above ${bytesMax}`);
    const begin = this.take(length, what);
    try {
      return this.#text.decode(this.#bytes.subarray(begin, begin + length));
    } catch {
      throw this.bad(`${what} is not UTF-8`);
    }
  }

  view(begin: number, count: number): DataView {
    return new DataView(this.#view.buffer, this.#view.byteOffset + begin, count);
  }
}
