import { fromFloats, keep, type Tensor } from '@hone/tensor';
import { LayerNorm, Linear, RmsNorm } from '@hone/nn';
import type { LinearSpec, NormSpec } from '../config/decoder-spec.js';
import { inverseFrequencies, type RopeConfig } from '../config/rope.js';

export type Norm = RmsNorm | LayerNorm;

/** Makes modules from their specs and the loaded weights. */
export class ModuleBuilder {
  readonly #indices: ReadonlyMap<string, number>;
  readonly #rotary = new Map<string, Tensor>();

  constructor(
    readonly tensors: ReadonlyMap<string, Tensor>,
    linears: readonly Pick<LinearSpec, 'path'>[],
  ) {
    this.#indices = new Map(linears.map(({ path }, index) => [path, index]));
  }

  linear({ path }: LinearSpec): Linear {
    const weight = this.tensors.get(`${path}.weight`) as Tensor;
    return new Linear(path, weight, this.tensors.get(`${path}.bias`), this.#indices.get(path) as number);
  }

  norm(spec: NormSpec): Norm {
    const weight = this.tensors.get(`${spec.path}.weight`) as Tensor;
    if (spec.kind === 'rms') return new RmsNorm(weight, spec.eps, spec.offset);
    return new LayerNorm(weight, this.tensors.get(`${spec.path}.bias`) as Tensor, spec.eps);
  }

  /** Inverse frequencies [headDim / 2]; layers with the same rotation share one table. */
  rotary(rope: RopeConfig, headDim: number): Tensor {
    const key = JSON.stringify([rope, headDim]);
    const known = this.#rotary.get(key);
    if (known) return known;
    const table = keep(fromFloats(inverseFrequencies(rope, headDim)));
    this.#rotary.set(key, table);
    return table;
  }

  /** The tables that were made; the weights belong to the model. */
  get tables(): Tensor[] {
    return [...this.#rotary.values()];
  }
}
