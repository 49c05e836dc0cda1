import { fault, type HoneError, refusal } from '@hone/base';
import { adapterOf, type CausalModel, readAdapter } from '@hone/models';
import { type AdapterImage, LoraAdapter, type PagedAdapter, type StoredAdapter } from '@hone/nn';
import type { AdapterPages } from './adapter-pages.js';
import type { BlockTenant } from './block-manager.js';
import type { EngineAdapter } from './runner.js';

interface Slot extends EngineAdapter {
  users: number;
  /** Pages of the key-value cache. */
  readonly pages: number;
}

/** Hears of an adapter just before its memory is given back. */
interface AdapterUser {
  /** Where its adapters lie, instead of matrices of their own. */
  readonly adapterPages: AdapterPages | undefined;
  forget(adapter: LoraAdapter | PagedAdapter): void;
}

/**
 * The adapters in memory beside one base, by the digest of their content. The least recently used one makes room, for another or for
 * keys and values; one that a request needs never does.
 */
export class AdapterSlots implements BlockTenant {
  readonly slotsMax: number;
  readonly #model: CausalModel;
  /** In the order of last use. */
  readonly #slots = new Map<string, Slot>();
  loads = 0;

  readonly #user: AdapterUser | undefined;

  constructor(model: CausalModel, slotsMax: number, user?: AdapterUser) {
    this.#model = model;
    this.slotsMax = slotsMax;
    this.#user = user;
    if (user?.adapterPages) user.adapterPages.tenant = this;
  }

  get idleBlocks(): number {
    let blocks = 0;
    for (const { users, pages } of this.#slots.values()) if (users === 0) blocks += pages;
    return blocks;
  }

  get keys(): string[] {
    return [...this.#slots.keys()];
  }

  has(key: string): boolean {
    return this.#slots.has(key);
  }

  /** Reads an adapter folder into a slot, unless its content is there already. */
  load(key: string, folder: string): void {
    if (this.#slots.has(key)) return;
    if (this.slotsMax === 0) throw noAdapters();
    if (this.#slots.size >= this.slotsMax && !this.#evictIdle()) throw slotsFull(this.slotsMax);
    const pages = this.#user?.adapterPages;
    const read = () => readAdapter(folder, this.#model);
    const slot = pages
      ? this.#paged(key, pages.images.get(key) ?? read(), pages)
      : { lora: adapterOf(read(), this.#model), pages: 0 };
    this.#slots.set(key, { ...slot, key, users: 0 });
    this.loads++;
  }

  /** Sends the least recently used adapter away that nobody uses. */
  evict(): void {
    this.#evictIdle();
  }

  /** Undefined when the adapter is not loaded (any more). */
  take(key: string): EngineAdapter | undefined {
    const slot = this.#slots.get(key);
    if (!slot) return undefined;
    this.#slots.delete(key);
    this.#slots.set(key, slot);
    slot.users++;
    return slot;
  }

  giveBack(adapter: EngineAdapter): void {
    const slot = this.#slots.get(adapter.key);
    if (slot) slot.users--;
  }

  free(): void {
    for (const { lora } of this.#slots.values()) if (lora instanceof LoraAdapter) lora.free();
    this.#slots.clear();
  }

  #paged(key: string, source: StoredAdapter | AdapterImage, pages: AdapterPages): Pick<Slot, 'lora' | 'pages'> {
    const needed = pages.pagesFor(source);
    if (needed > pages.most) throw neverFits(needed, pages.most);
    while (needed > pages.most - pages.held) if (!this.#evictIdle()) throw pagesFull(needed, pages);
    return { lora: pages.put(key, source), pages: needed };
  }

  #evictIdle(): boolean {
    const idle = [...this.#slots.values()].find(({ users }) => users === 0);
    if (!idle) return false;
    this.#user?.forget(idle.lora);
    if (idle.lora instanceof LoraAdapter) idle.lora.free();
    return this.#slots.delete(idle.key);
  }
}

const later = { status: 429, retryAfterSeconds: 1 };

const noAdapters = (): HoneError =>
  refusal(
    'adapters_off',
    '[serving] expected a base without an adapter for HONE_SERVING_ADAPTERS_MAX=0 but received one with an adapter; fix: raise it, or ask ' +
      'for the base',
  );

const slotsFull = (slots: number): HoneError =>
  fault(
    'adapter_slots_full',
    `[serving] expected a free adapter slot but all ${slots} are in use; fix: ask again later, or raise HONE_SERVING_ADAPTERS_MAX`,
    later,
  );

const pagesFull = (needed: number, { most, held }: AdapterPages): HoneError =>
  fault(
    'adapter_slots_full',
    `[serving] expected ${needed} pages of the key-value cache for the adapter but ${held} of the ${most} that adapters may have are in ` +
      'use; fix: ask again later, or raise HONE_SERVING_KV_MEGABYTES_MAX',
    later,
  );

const neverFits = (needed: number, most: number): HoneError =>
  refusal(
    'adapter_too_large',
    `[serving] expected an adapter of at most ${most} pages of the key-value cache but received one of ${needed}; fix: raise ` +
      'HONE_SERVING_KV_MEGABYTES_MAX, or train it with a lower rank or on fewer modules',
    { details: { pages: needed, pagesMax: most } },
  );
