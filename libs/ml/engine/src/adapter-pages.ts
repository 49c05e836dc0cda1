import { assert } from '@hone/base';
import type { AdapterImage, LoraPages, PagedAdapter, StoredAdapter } from '@hone/nn';
import { AdapterImages } from './adapter-images.js';
import type { BlockManager, BlockTenant } from './block-manager.js';

/** The adapters that lie on pages of the key-value cache: who holds which is the block manager's to know, what is on them `LoraPages`'. */
export class AdapterPages {
  readonly lora: LoraPages;
  readonly images = new AdapterImages();
  readonly #blocks: BlockManager;
  readonly #preempt: () => boolean;

  /** `preempt` takes the pages of one running sequence back; false when none runs. */
  constructor(lora: LoraPages, blocks: BlockManager, preempt: () => boolean) {
    this.lora = lora;
    this.#blocks = blocks;
    this.#preempt = preempt;
  }

  /** Pages that adapters may hold together. */
  get most(): number {
    return this.#blocks.adapterBlocksMax;
  }

  get held(): number {
    return this.#blocks.leased;
  }

  set tenant(tenant: BlockTenant) {
    this.#blocks.tenant = tenant;
  }

  pagesFor(source: StoredAdapter | AdapterImage): number {
    return this.lora.pagesFor(source);
  }

  /** For an adapter that fits beside those that are held: sequences make room where nobody else can, the youngest first. */
  put(key: string, source: StoredAdapter | AdapterImage): PagedAdapter {
    const needed = this.pagesFor(source);
    let pages = this.#blocks.lease(needed);
    while (!pages) {
      assert(this.#preempt(), '[adapters] expected pages for an adapter when no sequence runs');
      pages = this.#blocks.lease(needed);
    }
    let image: AdapterImage | undefined;
    try {
      image = 'layout' in source ? undefined : this.#emptyImage(source);
      const adapter = this.lora.put(source, pages, image);
      if (image) this.images.keep(key, image);
      return adapter;
    } catch (thrown) {
      this.#blocks.endLease(pages);
      image?.values.root.free();
      throw thrown;
    }
  }

  remove(adapter: object): void {
    this.#blocks.endLease(this.lora.remove(adapter));
  }

  free(): void {
    this.lora.free();
    this.images.free();
  }

  #emptyImage(stored: StoredAdapter): AdapterImage | undefined {
    const values = this.images.take(this.lora.imageNumbers(stored));
    return values && this.lora.imageOf(stored, values);
  }
}
