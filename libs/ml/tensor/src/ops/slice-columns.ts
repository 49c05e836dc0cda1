import { bug } from '@hone/base';
import { emptyLike } from '../allocate.js';
import { ops } from '../runtime.js';
import { dim } from '../shape.js';
import { isRecorded, recordOp } from '../tape.js';
import type { Tensor } from '../tensor.js';

/** Columns begin..end-1 of x [T, N] as a tensor of its own, e.g. the queries of a fused projection. */
export function sliceColumns(x: Tensor, begin: number, end: number): Tensor {
  const columns = dim(x.shape, 1);
  if (begin < 0 || end > columns || begin > end) {
    throw bug('shape', `[sliceColumns] expected columns within 0..${columns} but received ${begin}..${end}`);
  }
  const y = emptyLike(x, [dim(x.shape, 0), end - begin]);
  ops.sliceColumnsForward(x.id, y.id, begin);
  if (isRecorded(x)) recordOp('sliceColumns', [x], [y], { begin });
  return y;
}

/** y[t, begin ..] += x[t] in place, of x [T, W]: the columns of y [T, N] that are x's. It is not recorded on the tape. */
export function addColumns(x: Tensor, y: Tensor, begin: number): void {
  ops.sliceColumnsBackward(x.id, y.id, begin);
}
