import { keep, empty, scale, sumSquares, type Tensor } from '@hone/tensor';
import type { ParameterArena } from '../parameter-arena.js';

/** The norm over all gradients, and clipping to a largest norm (Pascanu et al., arXiv 1211.5063). */
export class GradientClip {
  readonly #sums: readonly Tensor[];

  constructor(readonly arenas: readonly ParameterArena[]) {
    this.#sums = arenas.map(() => keep(empty([1])));
  }

  /** The norm before clipping; `maxNorm` 0 = measure only. The factor is torch's: maxNorm / (norm + 1e-6), at most 1. */
  apply(maxNorm: number): number {
    let squares = 0;
    this.arenas.forEach(({ gradients }, index) => {
      const sum = this.#sums[index] as Tensor;
      sumSquares(gradients, sum);
      squares += sum.floats()[0] as number;
    });
    const norm = Math.sqrt(squares);
    const factor = maxNorm / (norm + 1e-6);
    if (maxNorm > 0 && factor < 1) for (const { gradients } of this.arenas) scale(gradients, factor);
    return norm;
  }

  free(): void {
    for (const sum of this.#sums) sum.free();
  }
}
