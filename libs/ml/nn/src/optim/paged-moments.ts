import { SideCopy, empty, emptyPinned, keep, type Moment8bit, type Tensor } from '@hone/tensor';
import type { Moments } from './moments.js';

/** Elements whose moments are on the GPU at a time: with two windows of m and v in f32, 64 MiB. A multiple of every block of scales. */
const usualWindow = 2 ** 22;

/** One part of the moments: all of it in pinned host memory, and two windows of it on the GPU. */
interface Part {
  readonly slab: Tensor;
  readonly windows: readonly [Tensor, Tensor];
  /** Parameters that share one number of it. */
  readonly per: number;
}

const part = (elements: number, windowElements: number, dtype: 'f32' | 'u8', per: number): Part => {
  const room = Math.ceil(Math.min(elements, windowElements) / per);
  const window = () => keep(empty([room], dtype));
  return { slab: zeroSlab(Math.ceil(elements / per), dtype), windows: [window(), window()], per };
};

function zeroSlab(numbers: number, dtype: 'f32' | 'u8'): Tensor {
  const slab = emptyPinned([numbers], dtype);
  const piece = 2 ** 20;
  const zeros = dtype === 'f32' ? new Float32Array(piece) : new Uint8Array(piece);
  for (let at = 0; at < numbers; at += piece) slab.write(zeros.subarray(0, Math.min(piece, numbers - at)), at);
  return slab;
}

/** A stretch of an arena whose moments are on the GPU for the length of `visit`. */
export interface Page {
  readonly first: number;
  readonly elements: number;
  readonly moments: Moments;
}

/**
 * AdamW moments of an arena that live in pinned host memory and come to the GPU page by page, the next one while one is updated
 * (the paged optimizers of QLoRA, arXiv 2305.14314, section 3, with copies of our own in place of managed memory).
 */
export class PagedMoments {
  readonly #elements: number;
  readonly #bits: 32 | 8;
  readonly #parts: readonly Part[];

  constructor(
    elements: number,
    bits: 32 | 8,
    /** A multiple of 256. */
    readonly windowElements = usualWindow,
  ) {
    this.#elements = elements;
    this.#bits = bits;
    const moment = () =>
      bits === 8
        ? [part(elements, windowElements, 'u8', 1), part(elements, windowElements, 'f32', 256)]
        : [part(elements, windowElements, 'f32', 1)];
    this.#parts = [...moment(), ...moment()];
  }

  /** The whole of it, on the host: read it to save, write to it to resume. */
  get resident(): Moments {
    return this.#momentsOf(this.#parts.map(({ slab }) => slab));
  }

  /** Visits all pages in order; what `visit` queues is done between a page's coming and its going. */
  step(visit: (page: Page) => void): void {
    const pages = Math.ceil(this.#elements / this.windowElements);
    let coming = this.#fetch(0);
    for (let page = 0; page < pages; page++) {
      const here = coming;
      // It takes the window of the page before the last, whose way back was queued on the same side stream.
      if (page + 1 < pages) coming = this.#fetch(page + 1);
      for (const copy of here) copy.await();
      const views = this.#parts.map((each) => this.#window(each, page));
      visit({
        first: page * this.windowElements,
        elements: this.#elementsOf(page),
        moments: this.#momentsOf(views),
      });
      for (const [index, each] of this.#parts.entries()) {
        new SideCopy(views[index] as Tensor, this.#slab(each, page));
      }
    }
  }

  free(): void {
    for (const { slab, windows } of this.#parts) for (const tensor of [slab, ...windows]) tensor.free();
  }

  #fetch(page: number): SideCopy[] {
    return this.#parts.map((each) => new SideCopy(this.#slab(each, page), this.#window(each, page)));
  }

  #momentsOf(tensors: readonly Tensor[]): Moments {
    const [a, b, c, d] = tensors as [Tensor, Tensor, Tensor, Tensor];
    if (this.#bits === 32) return { bits: 32, m: a, v: b };
    const moment = (codes: Tensor, absmax: Tensor): Moment8bit => ({ codes, absmax });
    return { bits: 8, m: moment(a, b), v: moment(c, d) };
  }

  #elementsOf(page: number): number {
    return Math.min(this.windowElements, this.#elements - page * this.windowElements);
  }

  #window({ windows, per }: Part, page: number): Tensor {
    return (windows[page % 2] as Tensor).slice(0, [Math.ceil(this.#elementsOf(page) / per)]);
  }

  #slab({ slab, per }: Part, page: number): Tensor {
    return slab.slice((page * this.windowElements) / per, [Math.ceil(this.#elementsOf(page) / per)]);
  }
}
