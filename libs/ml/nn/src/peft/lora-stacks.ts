import { bug } from '@hone/base';
import { activationDType, cast, fromFloats, keep, scoped, zeros, type LoraSlots, type Tensor } from '@hone/tensor';
import type { LoraAdapter, LoraModule } from './lora-adapter.js';

/** Ranks that stacks come in: what lies below is padded with zeros, so that few captured steps are thrown away. */
const rankOf = (rank: number): number => Math.max(8, 2 ** Math.ceil(Math.log2(rank)));

/**
 * The adapters of one base stacked module by module, so that every row of a batch names its own by a number that lies on the device
 * (Punica, arXiv 2310.18547): one captured step then serves every mixture of adapters. The values lie as the device's activations do.
 */
export class LoraStacks {
  readonly #adapters: (LoraAdapter | undefined)[];
  readonly #stacks = new Map<string, LoraSlots>();
  #rank = 0;
  #builds = 0;

  constructor(readonly slots: number) {
    this.#adapters = new Array<LoraAdapter | undefined>(slots).fill(undefined);
  }

  /** Changes when the stacks are laid out anew, for a larger rank or another module: what was captured with the old ones must go. */
  get builds(): number {
    return this.#builds;
  }

  /** Bytes of all stacks. */
  get bytes(): number {
    const size = activationDType() === 'bf16' ? 2 : 4;
    let elements = 0;
    for (const { a, b } of this.#stacks.values()) elements += a.elements + b.elements;
    return size * elements + 4 * this.slots * this.#stacks.size;
  }

  /** The place of an adapter; -1 when it has none. */
  slotOf(adapter: LoraAdapter): number {
    return this.#adapters.indexOf(adapter);
  }

  of(path: string): LoraSlots | undefined {
    return this.#stacks.get(path);
  }

  /** Copies an adapter into a free place. Its values may lie on any device. */
  put(adapter: LoraAdapter): number {
    const slot = this.#adapters.indexOf(undefined);
    if (slot < 0) throw bug('no_slot', `[adapters] expected a free place but all ${this.slots} are taken`);
    this.#adapters[slot] = adapter;
    const modules = [...adapter.modules];
    const rank = rankOf(Math.max(...modules.map(([, { a }]) => a.shape[0] as number)));
    const fits = rank <= this.#rank && modules.every(([path]) => this.#stacks.has(path));
    if (fits) this.#fill(slot, adapter);
    else this.#build(Math.max(rank, this.#rank));
    return slot;
  }

  /** Frees the place; its values stay until the next adapter comes, and no row names them. */
  remove(adapter: LoraAdapter): void {
    const slot = this.slotOf(adapter);
    if (slot >= 0) this.#adapters[slot] = undefined;
  }

  free(): void {
    for (const { a, b, scales } of this.#stacks.values()) for (const tensor of [a, b, scales]) tensor.free();
    this.#stacks.clear();
  }

  #build(rank: number): void {
    const modules = new Map<string, LoraModule>();
    for (const adapter of this.#adapters)
      for (const [path, module] of adapter?.modules ?? []) modules.set(path, module);
    this.free();
    this.#rank = rank;
    this.#builds++;
    const dtype = activationDType();
    for (const [path, { a, b }] of modules) {
      const [inFeatures, outFeatures] = [a.shape[1] as number, b.shape[0] as number];
      this.#stacks.set(path, {
        a: keep(zeros([this.slots, rank, inFeatures], dtype)),
        b: keep(zeros([this.slots, outFeatures, rank], dtype)),
        scales: keep(zeros([this.slots])),
      });
    }
    for (const [slot, adapter] of this.#adapters.entries()) if (adapter) this.#fill(slot, adapter);
  }

  #fill(slot: number, adapter: LoraAdapter): void {
    for (const [path, stack] of this.#stacks) {
      const module = adapter.modules.get(path);
      stack.scales.write(Float32Array.of(module?.scale ?? 0), slot);
      if (module) this.#copy(slot, stack, module);
    }
  }

  #copy(slot: number, stack: LoraSlots, { a, b }: LoraModule): void {
    const [r, inFeatures] = a.shape as [number, number];
    const outFeatures = b.shape[0] as number;
    const [rows, columns] = [new Float32Array(this.#rank * inFeatures), widened(b.floats(), r, this.#rank)];
    rows.set(a.floats());
    scoped(() => {
      cast(fromFloats(rows), stack.a.slice(slot * rows.length, [rows.length]));
      cast(fromFloats(columns), stack.b.slice(slot * outFeatures * this.#rank, [columns.length]));
    });
  }
}

/** Rows of `from` values as rows of `to`, with zeros behind. */
function widened(values: Float32Array, from: number, to: number): Float32Array {
  if (from === to) return values;
  const wide = new Float32Array((values.length / from) * to);
  for (let row = 0; row * from < values.length; row++) {
    wide.set(values.subarray(row * from, (row + 1) * from), row * to);
  }
  return wide;
}

/** Which adapter each row of a step goes through. */
export interface StackedRows {
  readonly stacks: LoraStacks;
  /** i32 [T]: a place in the stacks; below 0 = the plain base. */
  readonly slots: Tensor;
}
