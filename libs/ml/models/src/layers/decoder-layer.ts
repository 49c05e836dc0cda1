import { accumulate, discard, type Tensor } from '@hone/tensor';
import type { LinearContext } from '@hone/nn';
import type { LayerSpec } from '../config/decoder-spec.js';
import { Attention, type Attend } from './attention.js';
import { mlpOf, type Mlp } from './mlp.js';
import type { ModuleBuilder, Norm } from './module-builder.js';

/** Rows [T, hiddenSize] between two layers: x + update, of which the next norm takes the sum on its way. */
export interface Residual {
  readonly x: Tensor;
  readonly update?: Tensor;
}

/** x + attention(norm(x)), then + mlp(norm(.)); Gemma also norms what is added. */
export class DecoderLayer {
  readonly #attentionNorm: Norm;
  readonly #attention: Attention;
  readonly #attentionOutputNorm: Norm | undefined;
  readonly #mlpNorm: Norm;
  readonly #mlp: Mlp;
  readonly #mlpOutputNorm: Norm | undefined;

  constructor(index: number, spec: LayerSpec, build: ModuleBuilder) {
    this.#attentionNorm = build.norm(spec.attentionNorm);
    this.#attention = new Attention(index, spec.attention, build);
    this.#attentionOutputNorm = spec.attentionOutputNorm && build.norm(spec.attentionOutputNorm);
    this.#mlpNorm = build.norm(spec.mlpNorm);
    this.#mlp = mlpOf(spec.mlp, build);
    this.#mlpOutputNorm = spec.mlpOutputNorm && build.norm(spec.mlpOutputNorm);
  }

  forward(x: Tensor, positions: Tensor, attend: Attend, context: LinearContext): Tensor {
    return sumOf(this.forwardOn({ x }, positions, attend, context));
  }

  /** The same with the last sum of a layer left to the first norm of the next: its bits, and one pass over the rows less. */
  forwardOn({ x, update }: Residual, positions: Tensor, attend: Attend, context: LinearContext): Required<Residual> {
    const normed = update ? this.#attentionNorm.forwardSum(x, update) : this.#attentionNorm.forward(x);
    if (update) discard(x);
    const attended = this.#attention.forward(normed, positions, attend, context);
    const middle = this.#attentionOutputNorm?.forward(attended) ?? attended;
    const mixed = this.#mlp(this.#mlpNorm.forwardSum(update ?? x, middle), context);
    return { x: middle, update: this.#mlpOutputNorm?.forward(mixed) ?? mixed };
  }
}

/** x + update, in the place of the update. */
export function sumOf({ x, update }: Required<Residual>): Tensor {
  accumulate(update, x);
  return update;
}
