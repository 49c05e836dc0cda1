import { empty, emptyLike } from '../allocate.js';
import { ops } from '../runtime.js';
import { dim } from '../shape.js';
import { isRecorded, recordOp } from '../tape.js';
import type { Tensor } from '../tensor.js';

/**
 * y = x / sqrt(mean(x²) + eps) * (offset + weight), row by row (Zhang and Sennrich, arXiv 1910.07467). Gemma stores weights
 * as distances from 1: offset 1.
 */
export function rmsNorm(x: Tensor, weight: Tensor, eps: number, offset = 0): Tensor {
  const y = emptyLike(x);
  const rstd = empty([dim(x.shape, 0)]);
  ops.rmsNormForward(x.id, weight.id, y.id, rstd.id, eps, offset);
  if (isRecorded(x, weight)) recordNorm(x, weight, y, rstd, eps, offset);
  else rstd.free();
  return y;
}

/**
 * The end of one block and the start of the next in one pass: adds the residual stream x [T, d] to `update` in place, as
 * `accumulate`, and returns the RMS norm of the sum, as `rmsNorm`.
 */
export function addRmsNorm(x: Tensor, update: Tensor, weight: Tensor, eps: number, offset = 0): Tensor {
  const y = emptyLike(update);
  const rstd = empty([dim(update.shape, 0)]);
  ops.addRmsNorm(x.id, update.id, weight.id, y.id, rstd.id, eps, offset);
  // Two records: backwards, the norm adds to the gradient of the sum in one pass of its own, and the sum costs nothing.
  if (isRecorded(x, update)) recordOp('accumulate', [update, x], [update], {}, { isInPlace: true });
  if (isRecorded(update, weight)) recordNorm(update, weight, y, rstd, eps, offset);
  else rstd.free();
  return y;
}

function recordNorm(x: Tensor, weight: Tensor, y: Tensor, rstd: Tensor, eps: number, offset: number): void {
  const again = (id: number) => ops.rmsNormForward(x.id, weight.id, id, rstd.id, eps, offset);
  recordOp('rmsNorm', [x, weight], [y], { offset }, { saved: [rstd], again });
}
