import { bug } from '@hone/base';
import { elementsOf, keep, zeros, type Shape, type Tensor } from '@hone/tensor';

export interface ParameterSpec {
  readonly name: string;
  readonly shape: Shape;
}

// 16 floats = one cache line: every parameter starts aligned. In bf16 a parameter starts a block of 256, so that the scales of
// 8-bit optimiser state never span two of them.
const alignments = { f32: 16, bf16: 256 } as const;

/**
 * Parameters laid end to end in one buffer and, once they are trained, their gradients in another: zeroing, clipping and one
 * AdamW step are then one native call each, however many parameters there are. The gap between two parameters holds zeros.
 */
export class ParameterArena {
  readonly values: Tensor;
  readonly parameters: ReadonlyMap<string, Tensor>;
  readonly elements: number;
  readonly #offsets: readonly number[];
  #gradients: Tensor | undefined;

  constructor(
    specs: readonly ParameterSpec[],
    /** How the values lie; gradients are f32 in every case, because sums over micro-batches would lose their tail in bf16. */
    readonly dtype: 'f32' | 'bf16' = 'f32',
  ) {
    const alignment = alignments[dtype];
    let end = 0;
    const offsets = specs.map(({ shape }) => {
      const offset = end;
      end += Math.ceil(elementsOf(shape) / alignment) * alignment;
      return offset;
    });
    this.values = keep(zeros([Math.max(end, alignment)], dtype));
    const parameters = new Map<string, Tensor>();
    specs.forEach(({ name, shape }, index) => {
      if (parameters.has(name)) throw bug('parameter', `[parameters] ${name} was given twice`);
      parameters.set(name, this.values.slice(offsets[index] as number, shape));
    });
    this.parameters = parameters;
    this.#offsets = offsets;
    this.elements = specs.reduce((sum, { shape }) => sum + elementsOf(shape), 0);
  }

  get(name: string): Tensor {
    const parameter = this.parameters.get(name);
    if (!parameter) throw bug('parameter', `[parameters] expected ${name} but there is none`);
    return parameter;
  }

  /** Gives every parameter a gradient of zeros: from here on the tape records what is computed from them. */
  train(): void {
    if (this.#gradients) return;
    this.#gradients = keep(zeros(this.values.shape));
    this.values.requiresGrad = true;
    for (const { offset, parameter } of this.entries()) {
      parameter.requiresGrad = true;
      parameter.grad = this.#gradients.slice(offset, parameter.shape);
    }
  }

  /** Gives the gradients back; the values stay. */
  freeze(): void {
    this.#gradients?.free();
    this.#gradients = undefined;
    this.values.requiresGrad = false;
    for (const parameter of this.parameters.values()) {
      parameter.requiresGrad = false;
      parameter.grad = undefined;
    }
  }

  get gradients(): Tensor {
    if (!this.#gradients) throw bug('parameter', '[parameters] expected trained parameters; fix: call train() first');
    return this.#gradients;
  }

  /** Each parameter with its place in the buffers. */
  *entries(): Generator<{ name: string; offset: number; parameter: Tensor }> {
    let index = 0;
    for (const [name, parameter] of this.parameters) {
      yield { name, offset: this.#offsets[index++] as number, parameter };
    }
  }

  free(): void {
    this.freeze();
    this.values.free();
  }
}
