import { accumulate, type Tensor } from '@hone/tensor';
import type { LinearContext } from '@hone/nn';
import type { LayerSpec } from '../config/decoder-spec.js';
import { Attention, type Attend } from './attention.js';
import { mlpOf, type Mlp } from './mlp.js';
import type { ModuleBuilder, Norm } from './module-builder.js';

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
    const attended = this.#attention.forward(this.#attentionNorm.forward(x), positions, attend, context);
    const middle = this.#attentionOutputNorm?.forward(attended) ?? attended;
    const mixed = this.#mlp(this.#mlpNorm.forwardSum(x, middle), context);
    const out = this.#mlpOutputNorm?.forward(mixed) ?? mixed;
    accumulate(out, middle);
    return out;
  }
}
