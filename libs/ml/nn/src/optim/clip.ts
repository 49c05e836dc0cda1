import { keep, empty, sumSquares, type Tensor } from '@hone/tensor';
import type { ParameterArena } from '../parameter-arena.js';

/** The norm over all gradients, and clipping to a largest norm (Pascanu et al., arXiv 1211.5063). */
export class GradientClip {
  readonly #sums: readonly Tensor[];

  constructor(readonly arenas: readonly ParameterArena[]) {
    this.#sums = arenas.map(() => keep(empty([1])));
  }

  /**
   * The norm before clipping, and what the optimiser must multiply gradients by on its way through them: torch's
   * maxNorm / (norm + 1e-6), at most 1. `maxNorm` 0 = measure only.
   */
  measure(maxNorm: number): { readonly norm: number; readonly gradientScale: number } {
    let squares = 0;
    this.arenas.forEach(({ gradients }, index) => {
      const sum = this.#sums[index] as Tensor;
      sumSquares(gradients, sum);
      squares += sum.floats()[0] as number;
    });
    const norm = Math.sqrt(squares);
    return { norm, gradientScale: maxNorm > 0 ? Math.min(1, maxNorm / (norm + 1e-6)) : 1 };
  }

  free(): void {
    for (const sum of this.#sums) sum.free();
  }
}
