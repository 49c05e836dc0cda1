import { empty } from '../allocate.js';
import { ops } from '../runtime.js';
import { dim } from '../shape.js';
import { isRecorded, recordOp } from '../tape.js';
import type { Tensor } from '../tensor.js';

/** y = x Wᵀ + b for rows x [T, K] and a weight [N, K] of any format. */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  const y = empty([dim(x.shape, 0), dim(weight.shape, 0)]);
  ops.linearForward(x.id, weight.id, bias?.id ?? 0, y.id);
  if (isRecorded(x, weight, bias)) recordOp('linear', [x, weight, bias], [y], {});
  return y;
}
