import { empty, emptyLike } from '../allocate.js';
import { ops } from '../runtime.js';
import { dim } from '../shape.js';
import { isRecorded, recordOp } from '../tape.js';
import type { Tensor } from '../tensor.js';

/** y = x Wᵀ + b for rows x [T, K] and a weight [N, K] of any format. */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  const y = emptyLike(x, [dim(x.shape, 0), dim(weight.shape, 0)]);
  ops.linearForward(x.id, weight.id, bias?.id ?? 0, y.id);
  if (isRecorded(x, weight, bias)) recordOp('linear', [x, weight, bias], [y], {});
  return y;
}

/** Logits x Wᵀ, f32 on every device because what is drawn depends on their last bits. It is not recorded: losses ask `tokenLogProbs`. */
export function logits(x: Tensor, head: Tensor): Tensor {
  const y = empty([dim(x.shape, 0), dim(head.shape, 0)]);
  ops.linearForward(x.id, head.id, 0, y.id);
  return y;
}
