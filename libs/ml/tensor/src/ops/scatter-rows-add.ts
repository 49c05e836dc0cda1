import { ops } from '../runtime.js';
import { isRecorded, recordOp } from '../tape.js';
import type { Tensor } from '../tensor.js';

/** target[index[i]] += x[i] for rows x [n, d], in the order of i: how the experts' rows come back to their tokens. */
export function scatterRowsAdd(x: Tensor, index: Tensor, target: Tensor): void {
  ops.scatterRowsAdd(x.id, index.id, target.id);
  if (isRecorded(x, target)) recordOp('scatterRowsAdd', [x, index, target], [target], {}, { isInPlace: true });
}
