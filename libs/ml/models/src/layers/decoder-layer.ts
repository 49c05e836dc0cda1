import { accumulate, type Tensor } from '@hone/tensor';
import type { LinearContext, RmsNorm } from '@hone/nn';
import type { LayerSpec } from '../config/decoder-spec.js';
import { Attention, type Attend } from './attention.js';
import { mlpOf, type Mlp } from './mlp.js';
import type { ModuleBuilder } from './module-builder.js';

/** x + attention(norm(x)), then + mlp(norm(.)). */
export class DecoderLayer {
  readonly #attentionNorm: RmsNorm;
  readonly #attention: Attention;
  readonly #mlpNorm: RmsNorm;
  readonly #mlp: Mlp;

  constructor(index: number, spec: LayerSpec, build: ModuleBuilder) {
    this.#attentionNorm = build.norm(spec.attentionNorm);
    this.#attention = new Attention(index, spec.attention, build);
    this.#mlpNorm = build.norm(spec.mlpNorm);
    this.#mlp = mlpOf(spec.mlp, build);
  }

  forward(x: Tensor, positions: Tensor, attend: Attend, context: LinearContext): Tensor {
    const normed = this.#attentionNorm.forward(x);
    const middle = this.#attention.forward(normed, positions, attend, context);
    accumulate(middle, x);
    const normedMiddle = this.#mlpNorm.forward(middle);
    const out = this.#mlp(normedMiddle, context);
    accumulate(out, middle);
    return out;
  }
}
