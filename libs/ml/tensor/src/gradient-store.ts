import { assert } from '@hone/base';
import { empty, emptyLike } from './allocate.js';
import type { PlainDType } from './dtype.js';
import { ops } from './runtime.js';
import type { Tensor } from './tensor.js';

/** A gradient buffer; `add` passes one buffer to both of its inputs, and the second to write to it makes a copy. */
interface Buffer {
  tensor: Tensor;
  holders: number;
}

/** Gradients during one backward pass, by the storage they belong to. */
export class GradientStore {
  readonly #buffers = new Map<Tensor, Buffer>();

  has(tensor: Tensor): boolean {
    return this.#buffers.has(tensor.root);
  }

  /** The gradient of an op's output, in the output's shape. */
  upstream(output: Tensor): Tensor {
    const buffer = this.#buffers.get(output.root);
    assert(buffer, '[gradient] expected a gradient for the output');
    return buffer.tensor.as(...output.shape);
  }

  wants(input: Tensor | undefined): boolean {
    return input?.root.requiresGrad === true;
  }

  /**
   * A buffer into which a kernel may write (fresh) or must add (not fresh). The gradient of an activation is of its kind; that of
   * a weight is asked for in f32, however the weight lies.
   */
  target(input: Tensor, dtype = input.dtype as PlainDType): { grad: Tensor; isFresh: boolean } {
    if (input.grad) return { grad: input.grad, isFresh: false };
    assert(input.elements === input.root.elements, '[gradient] a part of a tensor has no gradient of its own');
    if (this.has(input)) return { grad: this.#writable(input).as(...input.shape), isFresh: false };
    const grad = empty(input.shape, dtype);
    this.#buffers.set(input.root, { tensor: grad, holders: 1 });
    return { grad, isFresh: true };
  }

  /** A buffer for kernels that only add: zeros at first. */
  sum(input: Tensor, dtype?: PlainDType): Tensor {
    const { grad, isFresh } = this.target(input, dtype);
    if (isFresh) ops.tensorFill(grad.id, 0);
    return grad;
  }

  /** Passes on a gradient whole; `borrowed` buffers are copied before anything is added to them. */
  give(input: Tensor, gradient: Tensor, ownership: 'owned' | 'borrowed'): void {
    if (input.grad || this.has(input)) {
      const grad = this.target(input).grad;
      ops.tensorAccumulate(grad.id, gradient.as(...grad.shape).id);
      if (ownership === 'owned') gradient.free();
      return;
    }
    this.#buffers.set(input.root, { tensor: gradient, holders: ownership === 'owned' ? 1 : 2 });
  }

  /** A gradient that the kernel computed anyway: kept where it is wanted, freed where not. */
  giveOrDrop(input: Tensor, gradient: Tensor): void {
    if (this.wants(input)) this.give(input, gradient, 'owned');
    else gradient.free();
  }

  /** The gradient of an op that changed its input in place, to be changed in place. */
  writable(output: Tensor): Tensor {
    return this.#writable(output).as(...output.shape);
  }

  /** The output's own gradient also becomes that of an input (residual additions), without a copy. */
  share(output: Tensor, input: Tensor): void {
    const buffer = this.#buffers.get(output.root);
    assert(buffer, '[gradient] expected a gradient to share');
    if (input.grad || this.has(input)) {
      const grad = this.target(input).grad;
      ops.tensorAccumulate(grad.id, buffer.tensor.as(...grad.shape).id);
      return;
    }
    buffer.holders++;
    this.#buffers.set(input.root, buffer);
  }

  /** Drops the gradient of a tensor that is done. */
  release(tensor: Tensor): void {
    const buffer = this.#buffers.get(tensor.root);
    if (!buffer) return;
    this.#buffers.delete(tensor.root);
    if (--buffer.holders === 0) buffer.tensor.free();
  }

  /** Hands a gradient to the caller. */
  take(tensor: Tensor): Tensor | undefined {
    const buffer = this.#buffers.get(tensor.root);
    this.#buffers.delete(tensor.root);
    return buffer?.tensor;
  }

  #writable(input: Tensor): Tensor {
    const buffer = this.#buffers.get(input.root) as Buffer;
    if (buffer.holders === 1) return buffer.tensor;
    buffer.holders--;
    const copy = emptyLike(buffer.tensor);
    ops.tensorCopy(buffer.tensor.id, copy.id);
    this.#buffers.set(input.root, { tensor: copy, holders: 1 });
    return copy;
  }
}
