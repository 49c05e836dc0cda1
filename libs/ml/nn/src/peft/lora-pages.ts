import { assert, bug } from '@hone/base';
import {
  activationDType,
  addColumns,
  cast,
  empty,
  fromInts,
  keep,
  kvWrite,
  scoped,
  zeros,
  type LoraPaged,
  loraRowStride,
  type PlainDType,
  SideCopy,
  type Tensor,
} from '@hone/tensor';
import type { AdaptableModule } from './lora-adapter.js';
import { type AdapterLayout, layoutOf } from './lora-layout.js';
import { type AdapterImage, PagedAdapter, type StoredAdapter, type StoredMatrix } from './stored-adapter.js';

/** Ranks that captured steps are made for: a power of two, so that few of them are thrown away. */
const rankOf = (rank: number): number => Math.max(8, 2 ** Math.ceil(Math.log2(rank)));

/** Tensors of whole pages [P, ...], one of each kind a layer: page p is row p of all of them. */
export interface PagedTensors {
  readonly keys: readonly Tensor[];
  readonly values: readonly Tensor[];
}

/** What is in a slot. */
interface Place {
  readonly adapter: PagedAdapter;
  readonly layout: AdapterLayout;
  readonly pages: readonly number[];
}

/** The numbers of a slot for one module: first entry of its pages, where A and B begin, rank. */
const placeNumbers = 4;

/**
 * The adapters of one base on pages of its key-value cache (S-LoRA, arXiv 2311.03285, section 5): one pool serves both, and nothing is
 * set aside. Every row of a batch names its adapter by a number that lies on the device (Punica, arXiv 2310.18547), and so do the pages:
 * one captured step serves every mixture of adapters, wherever they lie. Who owns which pages is the caller's to know.
 */
export class LoraPages {
  readonly slots: number;
  /** Numbers of a page in one tensor. */
  readonly #elements: number;
  readonly #layers: readonly (readonly AdaptableModule[])[];
  /** By path: the layer of a module, and its number in the table. */
  readonly #modules = new Map<string, { readonly layer: number; readonly index: number }>();
  readonly #places: (Place | undefined)[];
  /** Keys and values by layer, [P, E]. */
  readonly #flat: readonly { readonly a: Tensor; readonly b: Tensor }[];
  /** i32: for each module the numbers of all slots, for each module the scales, then the list of pages: one upload tells them all. */
  readonly #table: Tensor;
  readonly #numbers: Int32Array<ArrayBuffer>;
  readonly #scales: Float32Array;
  readonly #paged = new Map<string, LoraPaged>();
  #rankMax = 0;
  #builds = 0;

  /** `layers`: the modules whose A lies in the keys of each layer, and B in its values. */
  constructor(slots: number, layers: readonly (readonly AdaptableModule[])[], { keys, values }: PagedTensors) {
    this.slots = slots;
    this.#layers = layers;
    for (const [layer, modules] of layers.entries()) {
      for (const { path } of modules) this.#modules.set(path, { layer, index: this.#modules.size });
    }
    this.#places = new Array<Place | undefined>(slots).fill(undefined);
    const [first] = keys;
    assert(first && layers.length <= keys.length, '[adapters] expected keys and values for every layer');
    const pages = first.shape[0] as number;
    this.#elements = first.elements / pages;
    const flat = (tensor: Tensor) => tensor.as(pages, this.#elements);
    this.#flat = keys.map((each, layer) => ({ a: flat(each), b: flat(values[layer] as Tensor) }));
    const places = this.#modules.size * slots;
    this.#numbers = new Int32Array((placeNumbers + 1) * places + pages);
    this.#scales = new Float32Array(this.#numbers.buffer, 4 * placeNumbers * places, places);
    this.#table = keep(empty([this.#numbers.length], 'i32')).write(this.#numbers);
  }

  /** Changes with the largest rank and the modules that adapters have: what was captured before must go. */
  get builds(): number {
    return this.#builds;
  }

  /** Pages that an adapter takes. */
  pagesFor(source: StoredAdapter | AdapterImage): number {
    return this.#layout(source).pages(this.#elements);
  }

  /** Numbers of an image of an adapter. */
  imageNumbers(stored: StoredAdapter): number {
    return 2 * this.#layers.length * this.pagesFor(stored) * this.#elements;
  }

  /** An image that `put` fills, over so many numbers in pinned memory. */
  imageOf(stored: StoredAdapter, values: Tensor): AdapterImage {
    const { config, baseFingerprint } = stored;
    const rows = 2 * this.#layers.length;
    return { config, baseFingerprint, layout: this.#layout(stored), values: values.as(rows, values.elements / rows) };
  }

  /** The slot of an adapter; -1 when it has none. */
  slotOf(adapter: object): number {
    return this.#places.findIndex((place) => place?.adapter === adapter);
  }

  /** The same of an adapter that rows are about to name: the plain base must not answer in its place. */
  placeOf(adapter: object): number {
    const slot = this.slotOf(adapter);
    if (slot < 0) throw bug('not_paged', '[adapters] expected an adapter that was put on pages');
    return slot;
  }

  of(path: string): LoraPaged | undefined {
    return this.#paged.get(path);
  }

  /** Writes an adapter to pages that are its own from now on, as many as `pagesFor` says, and to `image` where there is one. */
  put(source: StoredAdapter | AdapterImage, pages: readonly number[], image?: AdapterImage): PagedAdapter {
    const slot = this.#places.indexOf(undefined);
    if (slot < 0) throw bug('no_slot', `[adapters] expected a free slot but all ${this.slots} are taken`);
    const layout = this.#layout(source);
    const needed = layout.pages(this.#elements);
    assert(pages.length === needed, `[adapters] expected ${needed} pages for an adapter but received ${pages.length}`);
    scoped(() => {
      const list = fromInts(Int32Array.from(pages));
      for (const layer of this.#layers.keys()) this.#write(layer, source, layout, list, image);
    });
    const adapter = new PagedAdapter(source.config, source.baseFingerprint);
    this.#places[slot] = { adapter, layout, pages: [...pages] };
    this.#widen(layout);
    this.#tell();
    return adapter;
  }

  /** Forgets an adapter and returns its pages; their values stay until somebody writes them, and no row names them. */
  remove(adapter: object): readonly number[] {
    const slot = this.slotOf(adapter);
    if (slot < 0) return [];
    const { pages } = this.#places[slot] as Place;
    this.#places[slot] = undefined;
    this.#tell();
    return pages;
  }

  free(): void {
    this.#table.free();
    this.#paged.clear();
  }

  #layout(source: StoredAdapter | AdapterImage): AdapterLayout {
    return 'layout' in source ? source.layout : layoutOf(this.#layers, source.modules);
  }

  /**
   * The matrices of a layer, side by side as on their pages, and from there row by row into the tensors: pages lie anywhere, and a copy
   * for each would be one for every page of every tensor. Zeros lie between the matrices: what becomes of a page later must find numbers.
   */
  #write(
    layer: number,
    source: StoredAdapter | AdapterImage,
    layout: AdapterLayout,
    list: Tensor,
    image: AdapterImage | undefined,
  ): void {
    const { a, b } = this.#flat[layer] as { a: Tensor; b: Tensor };
    const own = (this.#layers[layer] ?? []).flatMap(({ path }) => {
      const place = layout.modules.get(path);
      return place ? [{ ...place, path }] : [];
    });
    if (own.length === 0) return;
    const [count, elements] = [list.elements, this.#elements];
    scoped(() => {
      const staged = () => ('layout' in source ? empty : zeros)([count, 1, elements], activationDType());
      const [keys, values] = [staged(), staged()];
      if ('layout' in source) copyRows(source.values, 2 * layer, [keys, values], 'out');
      else {
        for (const { path, atA, atB } of own) {
          const { a: storedA, b: storedB } = source.modules.get(path) as { a: StoredMatrix; b: StoredMatrix };
          writeMatrix(storedA, keys, atA);
          writeRows(storedB, values, atB);
        }
      }
      const pages = a.shape[0] as number;
      kvWrite(keys, values, list, a.as(pages, 1, 1, elements), b.as(pages, 1, 1, elements));
      if (image) copyRows(image.values, 2 * layer, [keys, values], 'in');
    });
  }

  /** Steps have an op for every module that any adapter had, launched for the largest rank. */
  #widen({ modules }: AdapterLayout): void {
    let rankMax = this.#rankMax;
    for (const { rank } of modules.values()) rankMax = Math.max(rankMax, rankOf(rank));
    const paths = new Set([...this.#paged.keys(), ...modules.keys()]);
    if (rankMax === this.#rankMax && paths.size === this.#paged.size) return;
    this.#rankMax = rankMax;
    this.#builds++;
    const { slots } = this;
    const [scales, list] = [this.#scales.byteOffset / 4, this.#listBegin];
    for (const [path, { layer, index }] of this.#modules) {
      if (!paths.has(path)) continue;
      this.#paged.set(path, {
        ...(this.#flat[layer] as { a: Tensor; b: Tensor }),
        pages: this.#table.slice(list, [this.#numbers.length - list]),
        places: this.#table.slice(placeNumbers * index * slots, [slots, placeNumbers]),
        scales: this.#table.slice(scales + index * slots, [slots]).reinterpret('f32'),
        rankMax,
      });
    }
  }

  /** What every row reads, compact: the list of pages is then never longer than the pool. */
  #tell(): void {
    this.#numbers.fill(0);
    let entry = 0;
    for (const [slot, place] of this.#places.entries()) {
      if (!place) continue;
      for (const [path, { atA, atB, rank, scale }] of place.layout.modules) {
        const { index } = this.#modules.get(path) as { index: number };
        const at = index * this.slots + slot;
        this.#numbers.set([entry, atA, atB, rank], placeNumbers * at);
        this.#scales[at] = scale;
      }
      this.#numbers.set(place.pages, this.#listBegin + entry);
      entry += place.pages.length;
    }
    this.#table.write(this.#numbers);
  }

  get #listBegin(): number {
    return (placeNumbers + 1) * this.#modules.size * this.slots;
  }
}

/** Between rows of an image, from `first` on, and the device: what is queued from here on finds them there. */
function copyRows(image: Tensor, first: number, staged: readonly Tensor[], way: 'in' | 'out'): void {
  const copies = staged.map((tensor, index) => {
    const row = image.rows(first + index, first + index + 1);
    return way === 'in' ? new SideCopy(tensor, row) : new SideCopy(row, tensor);
  });
  for (const copy of copies) copy.await();
}

/** The device rounds where the file holds its numbers in another way. */
function writeMatrix(matrix: StoredMatrix, pages: Tensor, at: number): void {
  const values = matrix.values();
  if (matrix.dtype === pages.dtype) return void pages.write(values, at);
  scoped(() => cast(empty([values.length], matrix.dtype).write(values), pages.slice(at, [values.length])));
}

/** The same of B, whose rows are whole vectors on pages: where they are not in its file, the device puts them there, over zeros. */
function writeRows(matrix: StoredMatrix, pages: Tensor, at: number): void {
  const [rows, rank] = matrix.shape;
  const stride = loraRowStride(rank);
  if (stride === rank) return writeMatrix(matrix, pages, at);
  scoped(() => {
    const close = empty([rows, rank], pages.dtype as PlainDType);
    writeMatrix(matrix, close, 0);
    addColumns(close, pages.slice(at, [rows, stride]), 0);
  });
}

/** Which adapter each row of a step goes through. */
export interface PagedRows {
  readonly paged: LoraPages;
  /** i32 [T]: a slot of the adapters; below 0 = the plain base. */
  readonly slots: Tensor;
}
