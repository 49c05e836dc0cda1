import { ops } from '../runtime.js';
import { isRecorded, recordOp } from '../tape.js';
import type { Tensor } from '../tensor.js';

/** x *= factor, in place. */
export function scale(x: Tensor, factor: number): void {
  ops.tensorScale(x.id, factor);
  if (isRecorded(x)) recordOp('scale', [x], [x], { factor }, { isInPlace: true });
}
