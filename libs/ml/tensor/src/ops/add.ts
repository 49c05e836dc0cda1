import { empty } from '../allocate.js';
import { ops } from '../runtime.js';
import { isRecorded, recordOp } from '../tape.js';
import type { Tensor } from '../tensor.js';

export function add(a: Tensor, b: Tensor): Tensor {
  const out = empty(a.shape);
  ops.tensorAdd(a.id, b.id, out.id);
  if (isRecorded(a, b)) recordOp('add', [a, b], [out], {});
  return out;
}
