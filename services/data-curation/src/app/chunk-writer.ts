import type { ArtifactStore } from '@hone/artifacts';
import type { DatasetManifest } from '@hone/contracts';

type Chunk = DatasetManifest['splits']['train']['chunks'][number];

/** A chunk is one comfortable object; a row goes to the next one rather than over the bound. */
export const chunkBytesMax = 4 * 1024 * 1024;

/** Collects the lines of one split and stores them in chunks, with one chunk in memory. */
export class ChunkWriter {
  readonly chunks: Chunk[] = [];
  #lines: string[] = [];
  #bytes = 0;

  constructor(private readonly store: ArtifactStore) {}

  async add(line: string): Promise<void> {
    const bytes = Buffer.byteLength(line);
    if (this.#bytes > 0 && this.#bytes + bytes > chunkBytesMax) await this.#store();
    this.#lines.push(line);
    this.#bytes += bytes;
  }

  async finish(): Promise<Chunk[]> {
    if (this.#lines.length > 0) await this.#store();
    return this.chunks;
  }

  async #store(): Promise<void> {
    const { digest, bytes } = await this.store.put(this.#lines.join(''));
    this.chunks.push({ digest, rows: this.#lines.length, bytes });
    [this.#lines, this.#bytes] = [[], 0];
  }
}
