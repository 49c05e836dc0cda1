import { empty, emptyLike } from '../allocate.js';
import { ops } from '../runtime.js';
import { dim } from '../shape.js';
import { isRecorded, recordOp } from '../tape.js';
import type { Tensor } from '../tensor.js';

/** y = (x - mean) / sqrt(variance + eps) * weight + bias, row by row (Ba, Kiros and Hinton, arXiv 1607.06450). */
export function layerNorm(x: Tensor, weight: Tensor, bias: Tensor, eps: number): Tensor {
  const y = emptyLike(x);
  const rows = dim(x.shape, 0);
  const mean = empty([rows]);
  const rstd = empty([rows]);
  ops.layerNormForward(x.id, weight.id, bias.id, y.id, mean.id, rstd.id, eps);
  if (isRecorded(x, weight, bias)) {
    recordOp('layerNorm', [x, weight, bias], [y], {}, { saved: [mean, rstd] });
  } else {
    mean.free();
    rstd.free();
  }
  return y;
}
