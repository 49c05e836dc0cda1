import type { ArtifactStore } from '@hone/artifacts';
import type { ShardsManifest } from '@hone/contracts';
import { ShardWriter, type TokenSequence } from '@hone/data';

type ShardFile = ShardsManifest['splits']['train'][number];

/** Stores the sequences of one split in shards, with one shard in memory. */
export class SplitShards {
  readonly files: ShardFile[] = [];
  #writer = new ShardWriter();

  constructor(private readonly store: ArtifactStore) {}

  async add(sequence: TokenSequence): Promise<void> {
    if (this.#writer.isFullFor(sequence)) await this.#store();
    this.#writer.add(sequence);
  }

  async finish(): Promise<ShardFile[]> {
    if (this.#writer.stats.sequences > 0) await this.#store();
    return this.files;
  }

  async #store(): Promise<void> {
    const { digest, bytes } = await this.store.put(this.#writer.bytes());
    this.files.push({ digest, bytes, ...this.#writer.stats });
    this.#writer = new ShardWriter();
  }
}
