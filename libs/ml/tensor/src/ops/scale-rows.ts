import { empty } from '../allocate.js';
import { ops } from '../runtime.js';
import { isRecorded, recordOp } from '../tape.js';
import type { Tensor } from '../tensor.js';

/** Row t of x [T, d] times factors[t], a tensor of T elements. */
export function scaleRows(x: Tensor, factors: Tensor): Tensor {
  const y = empty(x.shape);
  const flat = factors.as(factors.elements);
  ops.scaleRowsForward(x.id, flat.id, y.id);
  if (isRecorded(x, factors)) recordOp('scaleRows', [x, flat], [y], {});
  return y;
}
