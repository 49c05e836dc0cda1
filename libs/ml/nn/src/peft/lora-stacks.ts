import { bug } from '@hone/base';
import { activationDType, cast, copy, empty, keep, scoped, zeros, type LoraSlots, type Tensor } from '@hone/tensor';
import { StackedAdapter, type StoredAdapter, type StoredMatrix } from './stored-adapter.js';

/** Ranks that stacks come in: what lies below is padded with zeros, so that few captured steps are thrown away. */
const rankOf = (rank: number): number => Math.max(8, 2 ** Math.ceil(Math.log2(rank)));

/** What is in a place: the rank and the scale of each of its modules. */
interface Place {
  readonly adapter: StackedAdapter;
  readonly modules: ReadonlyMap<string, { readonly rank: number; readonly scale: number }>;
}

/** The shape of a module's A [r, in] and B [out, r], but for the rank. */
interface Features {
  readonly inFeatures: number;
  readonly outFeatures: number;
}

/**
 * The adapters of one base stacked module by module, so that every row of a batch names its own by a number that lies on the device
 * (Punica, arXiv 2310.18547): one captured step then serves every mixture of adapters. The values lie as the device's activations do, and
 * nowhere else: they go from the bytes of a file into their place.
 */
export class LoraStacks {
  readonly #places: (Place | undefined)[];
  readonly #stacks = new Map<string, LoraSlots & Features>();
  /** Of all modules, [slots] each: one upload tells the device about a new adapter. */
  #scales: Tensor | undefined;
  #rank = 0;
  #builds = 0;

  constructor(readonly slots: number) {
    this.#places = new Array<Place | undefined>(slots).fill(undefined);
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
  slotOf(adapter: object): number {
    return this.#places.findIndex((place) => place?.adapter === adapter);
  }

  /** The same of an adapter that rows are about to name: the plain base must not answer in its place. */
  placeOf(adapter: object): number {
    const slot = this.slotOf(adapter);
    if (slot < 0) throw bug('not_stacked', '[adapters] expected an adapter that was put into the stacks');
    return slot;
  }

  of(path: string): LoraSlots | undefined {
    return this.#stacks.get(path);
  }

  /** Takes an adapter's values into a free place, one upload for each matrix. */
  put({ config, baseFingerprint, modules }: StoredAdapter): StackedAdapter {
    const slot = this.#places.indexOf(undefined);
    if (slot < 0) throw bug('no_slot', `[adapters] expected a free place but all ${this.slots} are taken`);
    const ranks = new Map([...modules].map(([path, { a, scale }]) => [path, { rank: a.shape[0], scale }]));
    const rank = Math.max(this.#rank, ...[...ranks.values()].map((module) => rankOf(module.rank)));
    const isNew = rank > this.#rank || [...modules.keys()].some((path) => !this.#stacks.has(path));
    const features = ([path, { a, b }]: readonly [string, { a: StoredMatrix; b: StoredMatrix }]) =>
      [path, { inFeatures: a.shape[1], outFeatures: b.shape[0] }] as const;
    if (isNew) this.#build(rank, new Map([...modules].map(features)));
    for (const [path, { a, b }] of modules) {
      const stack = this.#stacks.get(path) as LoraSlots & Features;
      // What an earlier adapter left behind the rows of A is multiplied by the zeros behind the columns of B.
      this.#write(a, a.values(), stack.a, slot * rank * stack.inFeatures);
      this.#write(b, widened(b.values(), a.shape[0], rank), stack.b, slot * rank * stack.outFeatures);
    }
    const adapter = new StackedAdapter(config, baseFingerprint);
    this.#places[slot] = { adapter, modules: ranks };
    this.#tellScales();
    return adapter;
  }

  /** Frees the place; its values stay until the next adapter comes, and no row names them. */
  remove(adapter: object): void {
    const slot = this.slotOf(adapter);
    if (slot >= 0) this.#places[slot] = undefined;
  }

  free(): void {
    for (const stack of this.#stacks.values()) freeStack(stack);
    this.#scales?.free();
    this.#stacks.clear();
  }

  /**
   * Lays every module out for a rank, with what its places hold. All of it is there before anything old goes: where memory ends, the
   * adapters that are here stay as they were.
   */
  #build(rank: number, added: ReadonlyMap<string, Features>): void {
    const features = new Map<string, Features>(added);
    for (const place of this.#places) {
      for (const path of place?.modules.keys() ?? [])
        features.set(path, this.#stacks.get(path) as LoraSlots & Features);
    }
    const made = this.#laidOut(rank, features);
    for (const [path, to] of made.stacks) {
      const from = this.#stacks.get(path);
      for (const slot of from ? this.#places.keys() : []) if (this.#places[slot]) move(slot, from as LoraSlots, to);
    }
    this.free();
    for (const [path, stack] of made.stacks) this.#stacks.set(path, stack);
    this.#scales = made.scales;
    this.#rank = rank;
    this.#builds++;
  }

  #laidOut(rank: number, features: ReadonlyMap<string, Features>) {
    const dtype = activationDType();
    const made: Tensor[] = [];
    const cleared = (shape: number[], of: 'f32' | 'bf16' = dtype): Tensor => {
      const tensor = keep(zeros(shape, of));
      made.push(tensor);
      return tensor;
    };
    try {
      const scales = cleared([features.size, this.slots], 'f32');
      const stacks = new Map<string, LoraSlots & Features>();
      for (const [index, [path, { inFeatures, outFeatures }]] of [...features].entries()) {
        stacks.set(path, {
          a: cleared([this.slots, rank, inFeatures]),
          b: cleared([this.slots, outFeatures, rank]),
          scales: scales.slice(index * this.slots, [this.slots]),
          inFeatures,
          outFeatures,
        });
      }
      return { stacks, scales };
    } catch (thrown) {
      for (const tensor of made) tensor.free();
      throw thrown;
    }
  }

  #tellScales(): void {
    const scales = new Float32Array(this.#stacks.size * this.slots);
    for (const [index, path] of [...this.#stacks.keys()].entries()) {
      for (const [slot, place] of this.#places.entries()) {
        scales[index * this.slots + slot] = place?.modules.get(path)?.scale ?? 0;
      }
    }
    this.#scales?.write(scales);
  }

  /** The device rounds where the file holds its numbers in another way. */
  #write({ dtype }: StoredMatrix, values: Float32Array | Uint16Array, stack: Tensor, offset: number): void {
    if (dtype === stack.dtype) return void stack.write(values, offset);
    scoped(() => cast(empty([values.length], dtype).write(values), stack.slice(offset, [values.length])));
  }
}

const freeStack = ({ a, b }: LoraSlots): void => {
  a.free();
  b.free();
};

/** A place's values from stacks of one rank to stacks of another; B is read where that is larger, which is seldom. */
function move(slot: number, from: LoraSlots, to: LoraSlots): void {
  const [, before, inFeatures] = from.a.shape as [number, number, number];
  const [, outFeatures, rank] = to.b.shape as [number, number, number];
  const [rows, columns] = [before * inFeatures, outFeatures * before];
  copy(from.a.slice(slot * rows, [rows]), to.a.slice(slot * rank * inFeatures, [rows]));
  if (before === rank) return copy(from.b.slice(slot * columns, [columns]), to.b.slice(slot * columns, [columns]));
  const values = from.b.dtype === 'f32' ? new Float32Array(columns) : new Uint16Array(columns);
  from.b.readInto(values, slot * columns);
  to.b.write(widened(values, before, rank), slot * outFeatures * rank);
}

/** Rows of `from` values as rows of `to`, with zeros behind. */
function widened<Values extends Float32Array | Uint16Array>(values: Values, from: number, to: number): Values {
  if (from === to) return values;
  const wide = new (values.constructor as new (length: number) => Values)((values.length / from) * to);
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
