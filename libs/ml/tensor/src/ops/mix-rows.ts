import { emptyLike } from '../allocate.js';
import { ops } from '../runtime.js';
import { dim } from '../shape.js';
import { isRecorded, recordOp } from '../tape.js';
import type { Tensor } from '../tensor.js';

/** y[t] = sum over j of weights[t, j] x[places[t, j]], by ascending place: how the experts' rows come back to their tokens. */
export function mixRows(x: Tensor, weights: Tensor, places: Tensor): Tensor {
  const y = emptyLike(x, [dim(places.shape, 0), dim(x.shape, 1)]);
  ops.mixRowsForward(x.id, weights.id, places.id, y.id);
  if (isRecorded(x, weights)) recordOp('mixRows', [x, weights, places], [y], {});
  return y;
}
