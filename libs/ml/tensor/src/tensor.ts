import { bug } from '@hone/base';
import * as runtime from './runtime.js';
import type { DType, PlainDType } from './dtype.js';
import { elementsOf, sameShape, type Shape } from './shape.js';

/** Whoever frees a tensor: a scope, or the holder of a parameter. */
export interface TensorOwner {
  forget(tensor: Tensor): void;
}

/**
 * A handle to native memory with its shape. Views made by `as` and `rows` share the storage and end with it. Nothing is
 * left to the garbage collector: a tensor is freed by its scope, its tape or its holder.
 */
export class Tensor {
  readonly shape: Shape;
  readonly dtype: DType;
  /** The tensor that owns the storage; itself unless this is a view. */
  readonly root: Tensor;
  /** Whether gradients flow into this tensor (parameters) or through it (what is computed from them). */
  requiresGrad = false;
  /** Parameters only: where their gradient is summed. */
  grad: Tensor | undefined;
  /** How many recorded ops may read the values in their gradient rule. */
  readers = 0;
  owner: TensorOwner | undefined;
  /** Neighbours in the list of the owner. */
  previous: Tensor | undefined;
  next: Tensor | undefined;
  #id: number;
  #offset = 0;
  #views: Tensor[] | undefined;
  #again: ((id: number) => void) | undefined;

  constructor(id: number, shape: Shape, dtype: DType, root?: Tensor) {
    this.#id = id;
    this.shape = shape;
    this.dtype = dtype;
    this.root = root ?? this;
  }

  /** The native handle; using a freed tensor is a bug. */
  get id(): number {
    if (this.#again) this.#remake(this.#again);
    if (this.#id === 0) throw bug('tensor_freed', `[tensor] [${this.shape.join(',')}] was used after it was freed`);
    return this.#id;
  }

  get isFreed(): boolean {
    return this.#id === 0 && this.#again === undefined;
  }

  get elements(): number {
    return elementsOf(this.shape);
  }

  /** The same elements in another shape. */
  as(...shape: number[]): Tensor {
    if (sameShape(shape, this.shape)) return this;
    if (elementsOf(shape) !== this.elements) {
      const message = `[tensor.as] expected ${this.elements} elements for shape but received [${shape.join(',')}]`;
      throw bug('shape', message);
    }
    return this.#view(0, shape);
  }

  /** Rows begin..end-1 of the first dimension. */
  rows(begin: number, end: number): Tensor {
    const [count = 0, ...rest] = this.shape;
    if (begin === 0 && end === count) return this;
    if (begin < 0 || end > count || begin > end) {
      throw bug('shape', `[tensor.rows] expected rows within 0..${count} but received ${begin}..${end}`);
    }
    return this.#view(begin * elementsOf(rest), [end - begin, ...rest]);
  }

  /** `shape` elements from `offset` on, e.g. one parameter of a flat buffer. */
  slice(offset: number, shape: Shape): Tensor {
    return this.#view(offset, shape);
  }

  /** The bits as numbers of another plain dtype of the same size: i32 and f32 that travel together. */
  reinterpret(dtype: PlainDType): Tensor {
    const view = new Tensor(runtime.tensorReinterpret(this.id, dtype), this.shape, dtype, this.root);
    (this.#views ??= []).push(view);
    return view;
  }

  /** Copies values in, from element `offset` on. */
  write(values: runtime.Transferable, offset = 0): this {
    runtime.tensorWrite(this.id, values, offset);
    return this;
  }

  /** Copies values out, as many as the array holds, from element `offset` on. */
  readInto<A extends runtime.Transferable>(values: A, offset = 0): A {
    runtime.tensorRead(this.id, values, offset);
    return values;
  }

  /** f32 values; asserts the dtype. */
  floats(): Float32Array {
    if (this.dtype !== 'f32') throw bug('dtype', `[tensor.floats] expected f32 but received ${this.dtype}`);
    return this.readInto(new Float32Array(this.elements));
  }

  ints(): Int32Array {
    if (this.dtype !== 'i32') throw bug('dtype', `[tensor.ints] expected i32 but received ${this.dtype}`);
    return this.readInto(new Int32Array(this.elements));
  }

  /** Gives the storage back; a second call does nothing. */
  free(): void {
    if (this.isFreed) return;
    this.#again = undefined;
    this.#release();
    this.owner?.forget(this);
  }

  /** Gives the storage back until somebody asks for the values, which `again` then computes into new storage. */
  drop(again: (id: number) => void): void {
    this.#release();
    this.#again = again;
  }

  #release(): void {
    for (const view of this.#views ?? []) view.free();
    this.#views = undefined;
    if (this.#id !== 0) runtime.tensorFree(this.#id);
    this.#id = 0;
  }

  #remake(again: (id: number) => void): void {
    this.#again = undefined;
    this.#id = runtime.tensorAlloc(this.dtype as PlainDType, this.shape);
    again(this.#id);
  }

  #view(offset: number, shape: Shape): Tensor {
    // Views are made once and kept: a layer asks for the same few shapes of a tensor in both passes.
    for (const known of this.#views ?? []) {
      const isLike = known.#offset === offset && known.dtype === this.dtype && sameShape(known.shape, shape);
      if (isLike && !known.isFreed) return known;
    }
    const view = new Tensor(runtime.tensorView(this.id, offset, shape), shape, this.dtype, this.root);
    view.requiresGrad = this.requiresGrad;
    view.#offset = offset;
    (this.#views ??= []).push(view);
    return view;
  }
}
