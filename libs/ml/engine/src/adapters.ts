import { fault } from '@hone/base';
import { adapterOf, type CausalModel, readAdapter } from '@hone/models';
import { LoraAdapter, type LoraStacks, type StackedAdapter } from '@hone/nn';
import type { EngineAdapter } from './runner.js';

interface Slot extends EngineAdapter {
  users: number;
}

/** Hears of an adapter just before its memory is given back. */
interface AdapterUser {
  /** Where its adapters lie, instead of matrices of their own. */
  readonly stacks: LoraStacks | undefined;
  forget(adapter: LoraAdapter | StackedAdapter): void;
}

/**
 * The adapters in memory beside one base, by the digest of their content. The least recently used one makes room; one that a
 * sequence runs with never does.
 */
export class AdapterSlots {
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
    this.#makeRoom();
    const stored = readAdapter(folder, this.#model);
    const lora = this.#user?.stacks?.put(stored) ?? adapterOf(stored, this.#model);
    this.#slots.set(key, { key, lora, users: 0 });
    this.loads++;
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

  #makeRoom(): void {
    if (this.#slots.size < this.slotsMax) return;
    const idle = [...this.#slots.values()].find(({ users }) => users === 0);
    if (!idle) {
      const message = `[serving] expected a free adapter slot but all ${this.slotsMax} are in use`;
      throw fault('adapter_slots_full', `${message}; fix: ask again later, or raise HONE_SERVING_ADAPTERS_MAX`, {
        status: 429,
        retryAfterSeconds: 1,
      });
    }
    this.#user?.forget(idle.lora);
    if (idle.lora instanceof LoraAdapter) idle.lora.free();
    this.#slots.delete(idle.key);
  }
}
