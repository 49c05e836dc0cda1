import { emptyLike } from '../allocate.js';
import { ops } from '../runtime.js';
import { dim } from '../shape.js';
import { isRecorded, recordOp } from '../tape.js';
import type { Tensor } from '../tensor.js';
import type { RoutedRows } from './route-rows.js';

/** y = x Wᵀ for rows x [R, K] that lie as `routed` says, each with the weight [N, K] of its own expert, of any format. */
export function expertLinear(x: Tensor, { segments }: RoutedRows, weights: readonly Tensor[]): Tensor {
  const y = emptyLike(x, [dim(x.shape, 0), dim((weights[0] as Tensor).shape, 0)]);
  weights.forEach(({ id }, expert) => ops.expertLinearForward(x.id, segments.id, expert, id, y.id));
  if (isRecorded(x, ...weights)) recordOp('expertLinear', [x, segments, ...weights], [y], {});
  return y;
}
