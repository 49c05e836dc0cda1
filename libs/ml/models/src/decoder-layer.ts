import { accumulate, discard, rope, swiglu, type Tensor } from '@hone/tensor';
import type { Linear, LinearContext, RmsNorm } from '@hone/nn';
import type { ModelConfig } from './config/model-config.js';

/** The rotary table and the positions of the rows at hand. */
export interface RotaryRows {
  readonly positions: Tensor;
  readonly invFreq: Tensor;
}

/** How rows attend: over the packed sequences themselves, or over cached pages. q [T, H, D], k and v [T, KV, D]. */
export type Attend = (layer: number, q: Tensor, k: Tensor, v: Tensor) => Tensor;

/** The modules of one layer; head norms only in Qwen3. */
export interface DecoderModules {
  readonly inputNorm: RmsNorm;
  readonly q: Linear;
  readonly k: Linear;
  readonly v: Linear;
  readonly o: Linear;
  readonly qNorm: RmsNorm | undefined;
  readonly kNorm: RmsNorm | undefined;
  readonly outputNorm: RmsNorm;
  readonly gate: Linear;
  readonly up: Linear;
  readonly down: Linear;
}

/** x + attention(norm(x)), then + mlp(norm(.)): the block that Llama, Mistral and Qwen share. */
export class DecoderLayer {
  constructor(
    readonly index: number,
    readonly modules: DecoderModules,
    readonly config: ModelConfig,
  ) {}

  forward(x: Tensor, rotary: RotaryRows, attend: Attend, context: LinearContext): Tensor {
    const { inputNorm, o, outputNorm, gate, up, down } = this.modules;
    const attended = this.#attention(inputNorm.forward(x), rotary, attend, context);
    const middle = o.forward(attended, context);
    accumulate(middle, x);
    const normed = outputNorm.forward(middle);
    const gated = swiglu(gate.forward(normed, context), up.forward(normed, context));
    discard(normed);
    const out = down.forward(gated, context);
    discard(gated);
    accumulate(out, middle);
    return out;
  }

  free(): void {
    for (const module of Object.values(this.modules) as (Linear | RmsNorm | undefined)[]) module?.free();
  }

  #attention(x: Tensor, { positions, invFreq }: RotaryRows, attend: Attend, context: LinearContext): Tensor {
    const { q, k, v, qNorm, kNorm } = this.modules;
    const { heads, kvHeads, headDim } = this.config;
    const rows = x.shape[0] as number;
    const split = (projected: Tensor, count: number, norm: RmsNorm | undefined) =>
      (norm ? norm.forward(projected.as(rows * count, headDim)) : projected).as(rows, count, headDim);
    const queries = split(q.forward(x, context), heads, qNorm);
    const keys = split(k.forward(x, context), kvHeads, kNorm);
    const values = v.forward(x, context).as(rows, kvHeads, headDim);
    discard(x);
    rope(queries, positions, invFreq);
    rope(keys, positions, invFreq);
    return attend(this.index, queries, keys, values).as(rows, heads * headDim);
  }
}
