import { emptyLike } from '../allocate.js';
import { ops } from '../runtime.js';
import { isRecorded, recordOp } from '../tape.js';
import type { Tensor } from '../tensor.js';

/**
 * Zeroes each element with chance p and scales the rest by 1 / (1 - p). Which ones depends on the seed and the place alone,
 * so a resumed run drops the same ones.
 */
export function dropout(x: Tensor, p: number, seed: readonly [low: number, high: number]): Tensor {
  const y = emptyLike(x);
  ops.dropout(x.id, y.id, p, seed[0], seed[1]);
  if (isRecorded(x)) recordOp('dropout', [x], [y], { p, seed });
  return y;
}
