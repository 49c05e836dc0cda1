/** Keeps the beginning of a stream that passes by, so that a file is checked without reading it a second time. */
export class FileHead {
  readonly #chunks: Uint8Array[] = [];
  readonly #bytesWanted: (prefix: Uint8Array) => number;
  #kept = 0;
  #wanted: number | undefined;

  /** `bytesWanted` says from the first eight bytes how many are needed in all. */
  constructor(bytesWanted: (prefix: Uint8Array) => number) {
    this.#bytesWanted = bytesWanted;
  }

  get bytes(): Uint8Array {
    return Buffer.concat(this.#chunks);
  }

  async *watch(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
    for await (const chunk of source) {
      if (this.#wanted === undefined || this.#kept < this.#wanted) this.#keep(chunk);
      yield chunk;
    }
  }

  /** Whole chunks are kept: the stream's chunks are at most 64 KiB, so the excess is small. */
  #keep(chunk: Uint8Array): void {
    this.#chunks.push(Uint8Array.from(chunk));
    this.#kept += chunk.byteLength;
    if (this.#wanted === undefined && this.#kept >= 8) this.#wanted = this.#bytesWanted(this.bytes.subarray(0, 8));
  }
}
