import { empty } from '../allocate.js';
import { ops } from '../runtime.js';
import { dim } from '../shape.js';
import { isRecorded, recordOp } from '../tape.js';
import type { Tensor } from '../tensor.js';

/** y = x / sqrt(mean(x²) + eps) * weight, row by row (Zhang and Sennrich, arXiv 1910.07467). */
export function rmsNorm(x: Tensor, weight: Tensor, eps: number): Tensor {
  const y = empty(x.shape);
  const rstd = empty([dim(x.shape, 0)]);
  ops.rmsNormForward(x.id, weight.id, y.id, rstd.id, eps);
  if (isRecorded(x, weight)) {
    const again = (id: number) => ops.rmsNormForward(x.id, weight.id, id, rstd.id, eps);
    recordOp('rmsNorm', [x, weight], [y], {}, { saved: [rstd], again });
  } else rstd.free();
  return y;
}
