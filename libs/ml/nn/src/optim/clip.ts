import { keep, empty, sumSquares, type Tensor } from '@hone/tensor';
import type { ParameterArena } from '../parameter-arena.js';

/** The norm over all gradients, and clipping to a largest norm (Pascanu et al., arXiv 1211.5063). */
export class GradientClip {
  /** f32 [1]: where `sum` puts it unless it is told otherwise. */
  readonly squaredNorm: Tensor = keep(empty([1]));

  constructor(readonly arenas: readonly ParameterArena[]) {}

  /** Queues the sum of squares over all gradients to `out`, for an optimiser that clips by it on the device; waits for nothing. */
  sum(out: Tensor = this.squaredNorm): Tensor {
    this.arenas.forEach(({ gradients }, index) => sumSquares(gradients, out, { accumulate: index > 0 }));
    return out;
  }

  /**
   * The norm before clipping, and what the optimiser must multiply gradients by on its way through them: torch's
   * maxNorm / (norm + 1e-6), at most 1. `maxNorm` 0 = measure only.
   */
  measure(maxNorm: number): { readonly norm: number; readonly gradientScale: number } {
    const norm = Math.sqrt(this.sum().floats()[0] as number);
    return { norm, gradientScale: maxNorm > 0 ? Math.min(1, maxNorm / (norm + 1e-6)) : 1 };
  }

  free(): void {
    this.squaredNorm.free();
  }
}
