import { emptyLike } from '../allocate.js';
import { ops } from '../runtime.js';
import { isRecorded, recordOp } from '../tape.js';
import type { Tensor } from '../tensor.js';

export function add(a: Tensor, b: Tensor): Tensor {
  const out = emptyLike(a);
  ops.tensorAdd(a.id, b.id, out.id);
  if (isRecorded(a, b)) recordOp('add', [a, b], [out], {});
  return out;
}

/** x += y in place: a residual sum that takes no memory of its own. Nothing recorded before may need the old values of x. */
export function accumulate(x: Tensor, y: Tensor): void {
  ops.tensorAccumulate(x.id, y.id);
  if (isRecorded(x, y)) recordOp('accumulate', [x, y], [x], {}, { isInPlace: true });
}
