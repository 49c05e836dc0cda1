import { emptyLike } from '../allocate.js';
import { ops } from '../runtime.js';
import { dim } from '../shape.js';
import { isRecorded, recordOp } from '../tape.js';
import type { Tensor } from '../tensor.js';

/** Row index[i] of x [T, d] as row i. */
export function gatherRows(x: Tensor, index: Tensor): Tensor {
  const y = emptyLike(x, [dim(index.shape, 0), dim(x.shape, 1)]);
  ops.gatherRows(x.id, index.id, y.id);
  if (isRecorded(x)) {
    const again = (id: number) => ops.gatherRows(x.id, index.id, id);
    recordOp('gatherRows', [x, index], [y], {}, { again });
  }
  return y;
}
