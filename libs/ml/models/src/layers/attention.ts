import { discard, rope, type AttentionOptions, type Tensor } from '@hone/tensor';
import type { Linear, LinearContext, RmsNorm } from '@hone/nn';
import type { AttentionSpec } from '../config/decoder-spec.js';
import type { ModuleBuilder } from './module-builder.js';

/** How rows attend: over the packed sequences themselves, or over cached pages. q [T, H, D], k and v [T, KV, D]. */
export type Attend = (layer: number, q: Tensor, k: Tensor, v: Tensor, options: AttentionOptions) => Tensor;

/** Queries [T, H D], keys and values [T, KV D] of rows [T, hiddenSize]. */
type Project = (x: Tensor, context: LinearContext) => readonly [q: Tensor, k: Tensor, v: Tensor];

/** Projection, head norms, rotation, attention and output projection of one layer, as far as its spec has them. */
export class Attention {
  readonly #project: Project;
  readonly #output: Linear;
  readonly #qNorm: RmsNorm | undefined;
  readonly #kNorm: RmsNorm | undefined;
  readonly #invFreq: Tensor | undefined;
  readonly #options: AttentionOptions;

  constructor(
    readonly index: number,
    readonly spec: AttentionSpec,
    build: ModuleBuilder,
  ) {
    this.#project = projectionOf(spec, build);
    this.#output = build.linear(spec.output);
    this.#qNorm = spec.headNorms && build.norm(spec.headNorms.q);
    this.#kNorm = spec.headNorms && build.norm(spec.headNorms.k);
    this.#invFreq = spec.rope && build.rotary(spec.rope, spec.headDim);
    this.#options = { scale: spec.scale, window: spec.window };
  }

  forward(x: Tensor, positions: Tensor, attend: Attend, context: LinearContext): Tensor {
    const { heads, kvHeads, headDim } = this.spec;
    const rows = x.shape[0] as number;
    const split = (projected: Tensor, count: number, norm: RmsNorm | undefined) =>
      (norm ? norm.forward(projected.as(rows * count, headDim)) : projected).as(rows, count, headDim);
    const [q, k, v] = this.#project(x, context);
    discard(x);
    const queries = split(q, heads, this.#qNorm);
    const keys = split(k, kvHeads, this.#kNorm);
    if (this.#invFreq) {
      rope(queries, positions, this.#invFreq);
      rope(keys, positions, this.#invFreq);
    }
    const attended = attend(this.index, queries, keys, v.as(rows, kvHeads, headDim), this.#options);
    return this.#output.forward(attended.as(rows, heads * headDim), context);
  }
}

function projectionOf({ projection }: AttentionSpec, build: ModuleBuilder): Project {
  const [q, k, v] = [projection.q, projection.k, projection.v].map((spec) => build.linear(spec)) as [
    Linear,
    Linear,
    Linear,
  ];
  return (x, context) => [q.forward(x, context), k.forward(x, context), v.forward(x, context)];
}
