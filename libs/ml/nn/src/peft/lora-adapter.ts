import { seeded } from '@hone/base';
import type { Tensor } from '@hone/tensor';
import { ParameterArena } from '../parameter-arena.js';
import { rankAndScale, targetPaths, type LoraConfig } from './lora-config.js';

/** The update of one linear module: y += scale (x Aᵀ) Bᵀ. */
export interface LoraModule {
  readonly a: Tensor;
  readonly b: Tensor;
  readonly scale: number;
}

/** A linear module that an adapter may be put on. */
export interface AdaptableModule {
  readonly path: string;
  readonly inFeatures: number;
  readonly outFeatures: number;
  /** The base's files hold this weight as [in, out]; PEFT wants to know, A and B are the same either way. */
  readonly isTransposed?: boolean;
}

/** All updates of one adapter, held in one arena; trained, or only served. */
export class LoraAdapter {
  readonly modules: ReadonlyMap<string, LoraModule>;
  readonly arena: ParameterArena;
  readonly hasTransposedWeights: boolean;

  private constructor(
    readonly config: LoraConfig,
    /** The content fingerprint of the base that it was made for; undefined when it came without one. */
    readonly baseFingerprint: string | undefined,
    targets: readonly AdaptableModule[],
  ) {
    this.hasTransposedWeights = targets.some(({ isTransposed }) => isTransposed);
    const sized = targets.map((module) => ({ ...module, ...rankAndScale(config, module.path) }));
    this.arena = new ParameterArena(
      sized.flatMap(({ path, r, inFeatures, outFeatures }) => [
        { name: `${path}.lora_A.weight`, shape: [r, inFeatures] },
        { name: `${path}.lora_B.weight`, shape: [outFeatures, r] },
      ]),
    );
    this.modules = new Map(
      sized.map(({ path, scale }) => [
        path,
        { a: this.arena.get(`${path}.lora_A.weight`), b: this.arena.get(`${path}.lora_B.weight`), scale },
      ]),
    );
  }

  /** Updates of zero on the modules that the configuration targets. */
  static zero(config: LoraConfig, modules: readonly AdaptableModule[], baseFingerprint?: string): LoraAdapter {
    const paths = new Set(
      targetPaths(
        config,
        modules.map(({ path }) => path),
      ),
    );
    return new LoraAdapter(
      config,
      baseFingerprint,
      modules.filter(({ path }) => paths.has(path)),
    );
  }

  /**
   * A fresh adapter as PEFT makes it: A uniform in ±1/sqrt(in) (Kaiming with a = sqrt(5)), B zero, so that the first forward
   * pass equals the base exactly. Each matrix draws from (seed, its path): adding a module changes no other.
   */
  static initial(
    config: LoraConfig,
    modules: readonly AdaptableModule[],
    seed: number,
    baseFingerprint?: string,
  ): LoraAdapter {
    const adapter = LoraAdapter.zero(config, modules, baseFingerprint);
    for (const [path, { a }] of adapter.modules) {
      const random = seeded(seed, 'lora_A', path);
      const bound = 1 / Math.sqrt(a.shape[1] as number);
      a.write(Float32Array.from({ length: a.elements }, () => (2 * random() - 1) * bound));
    }
    return adapter;
  }

  get parameterCount(): number {
    return this.arena.elements;
  }

  get bytes(): number {
    return this.arena.values.elements * 4;
  }

  free(): void {
    this.arena.free();
  }
}
