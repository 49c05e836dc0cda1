import { assert } from '@hone/base';
import type { PlainDType } from './dtype.js';
import { SideCopy, emptyPinned } from './pinned.js';
import type { Tensor } from './tensor.js';

interface Parked {
  readonly tensor: Tensor;
  readonly slab: Tensor;
  /** On its way back. */
  coming: SideCopy | undefined;
}

/**
 * What layers leave behind for the backward pass, kept in pinned host memory (the offloading of Rajbhandari et al., arXiv 2104.07857,
 * section 5.1): a layer's input leaves while the layer computes, and comes back while the layer after it is computed again. The last
 * that left comes back first. The slabs are taken once and used again in every step.
 */
export class ActivationOffload {
  readonly #parked: Parked[] = [];
  readonly #slabs: Tensor[] = [];

  /** Runs `body`, which is the only reader of `input` before the backward pass; the memory of `input` is given back after it. */
  around<T>(input: Tensor, body: () => T): T {
    assert(input.root === input, '[offload] expected a tensor with memory of its own');
    const slab = this.#slab(this.#parked.length, input).slice(0, [input.elements]);
    const leaving = new SideCopy(input, slab);
    const result = body();
    leaving.await();
    const parked: Parked = { tensor: input, slab, coming: undefined };
    input.drop(() => void (parked.coming = new SideCopy(slab, input)));
    this.#parked.push(parked);
    return result;
  }

  /** `input` is on the device again for what is queued from here on, and the one that left before it is on its way. */
  bring(input: Tensor): void {
    const parked = this.#parked.pop();
    assert(parked?.tensor === input, '[offload] expected activations to come back in the reverse order');
    start(parked);
    parked.coming?.await();
    const before = this.#parked.at(-1);
    if (before) start(before);
  }

  /** Forgets what a failed pass left; the slabs stay. */
  reset(): void {
    this.#parked.length = 0;
  }

  free(): void {
    this.reset();
    for (const slab of this.#slabs) slab.free();
    this.#slabs.length = 0;
  }

  #slab(at: number, { elements, dtype }: Tensor): Tensor {
    const known = this.#slabs[at];
    if (known && known.elements >= elements && known.dtype === dtype) return known;
    known?.free();
    return (this.#slabs[at] = emptyPinned([elements], dtype as PlainDType));
  }
}

/** Asking a dropped tensor for its handle makes it anew, which begins its copy. */
const start = ({ tensor }: Parked): number => tensor.id;
