import { discard, sliceColumns, type AttentionOptions, type Rotation, type Tensor } from '@hone/tensor';
import { forwardAll, type Linear, type LinearContext } from '@hone/nn';
import type { AttentionSpec } from '../config/decoder-spec.js';
import type { ModuleBuilder, Norm } from './module-builder.js';

/**
 * How rows attend: over the packed sequences themselves, or over cached pages. q [T, H, D], k and v [T, KV, D]; where there is a
 * rotation, q and k are still to be turned by it.
 */
export type Attend = (
  layer: number,
  q: Tensor,
  k: Tensor,
  v: Tensor,
  options: AttentionOptions,
  rotation: Rotation | undefined,
) => Tensor;

/** Queries [T, H D], keys and values [T, KV D] of rows [T, hiddenSize]. */
type Project = (x: Tensor, context: LinearContext) => readonly [q: Tensor, k: Tensor, v: Tensor];

/** Projection, head norms, rotation, attention and output projection of one layer, as far as its spec has them. */
export class Attention {
  readonly #project: Project;
  readonly #output: Linear;
  readonly #qNorm: Norm | undefined;
  readonly #kNorm: Norm | undefined;
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
    this.#options = { scale: spec.scale, window: spec.window, softcap: spec.softcap };
  }

  forward(x: Tensor, positions: Tensor, attend: Attend, context: LinearContext): Tensor {
    const { heads, kvHeads, headDim } = this.spec;
    const rows = x.shape[0] as number;
    const split = (projected: Tensor, count: number, norm: Norm | undefined) =>
      (norm ? norm.forward(projected.as(rows * count, headDim)) : projected).as(rows, count, headDim);
    const [q, k, v] = this.#project(x, context);
    discard(x);
    const queries = split(q, heads, this.#qNorm);
    const keys = split(k, kvHeads, this.#kNorm);
    const rotation = this.#invFreq && { positions, invFreq: this.#invFreq };
    const attended = attend(this.index, queries, keys, v.as(rows, kvHeads, headDim), this.#options, rotation);
    return this.#output.forward(attended.as(rows, heads * headDim), context);
  }
}

function projectionOf({ projection, heads, kvHeads, headDim }: AttentionSpec, build: ModuleBuilder): Project {
  if (projection.kind === 'fused') {
    const qkv = build.linear(projection.qkv);
    const [keys, values, end] = [heads, heads + kvHeads, heads + 2 * kvHeads].map((count) => count * headDim) as [
      number,
      number,
      number,
    ];
    return (x, context) => {
      const all = qkv.forward(x, context);
      const parts = [
        sliceColumns(all, 0, keys),
        sliceColumns(all, keys, values),
        sliceColumns(all, values, end),
      ] as const;
      discard(all);
      return parts;
    };
  }
  const linears = [build.linear(projection.q), build.linear(projection.k), build.linear(projection.v)];
  return (x, context) => forwardAll(linears, x, context) as [q: Tensor, k: Tensor, v: Tensor];
}
