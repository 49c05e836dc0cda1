import { assert, fault, type HoneError, refusal } from '@hone/base';
import { adapterOf, type CausalModel, readAdapter } from '@hone/models';
import { LoraAdapter, type PagedAdapter, type StoredAdapter } from '@hone/nn';
import type { AdapterPages } from './adapter-pages.js';
import type { BlockTenant } from './block-manager.js';
import type { EngineAdapter } from './runner.js';

/** Adapters that are remembered while they wait for room. */
const waitingMax = 256;

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
  /** The pages of those that were sound and found no room, in the order of their asking: few, and a content never changes. */
  readonly #waiting = new Map<string, number>();
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
    const pages = this.#user?.adapterPages;
    const known = this.#waiting.get(key);
    // Whoever asks again and again while nobody leaves costs no reading of a file.
    if (known !== undefined) this.#requireRoom(known);
    // What can never be loaded sends nobody away, and is not told to ask again.
    const source = pages?.images.get(key) ?? readAdapter(folder, this.#model);
    const needed = pages?.pagesFor(source) ?? 0;
    if (pages && needed > pages.most) throw neverFits(needed, pages.most);
    this.#makeRoom(key, needed);
    const lora = pages ? pages.put(key, source) : adapterOf(source as StoredAdapter, this.#model);
    this.#slots.set(key, { lora, pages: needed, key, users: 0 });
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

  /** For a sound adapter of so many pages; one that finds no room stays known for when it asks again. */
  #makeRoom(key: string, needed: number): void {
    this.#waiting.delete(key);
    try {
      this.#requireRoom(needed);
    } catch (thrown) {
      const [oldest] = this.#waiting.keys();
      if (oldest !== undefined && this.#waiting.size >= waitingMax) this.#waiting.delete(oldest);
      this.#waiting.set(key, needed);
      throw thrown;
    }
    while (this.#slots.size >= this.slotsMax || needed > this.#pagesLeft) {
      assert(this.#evictIdle(), '[adapters] expected an idle adapter to make room');
    }
  }

  /** Judged before anybody leaves: where those in use leave no room, the idle ones stay. */
  #requireRoom(needed: number): void {
    const isIdle = ({ users }: Slot): boolean => users === 0;
    if (this.#slots.size >= this.slotsMax && ![...this.#slots.values()].some(isIdle)) throw slotsFull(this.slotsMax);
    const pages = this.#user?.adapterPages;
    const used = pages ? pages.held - this.idleBlocks : 0;
    if (pages && needed > pages.most - used) throw pagesFull(needed, used, pages.most);
  }

  get #pagesLeft(): number {
    const pages = this.#user?.adapterPages;
    return pages ? pages.most - pages.held : 0;
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

const pagesFull = (needed: number, used: number, most: number): HoneError =>
  fault(
    'adapter_slots_full',
    `[serving] expected ${needed} pages of the key-value cache for the adapter but ${used} of the ${most} that adapters may have are in ` +
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
