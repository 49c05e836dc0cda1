import { ops } from '../runtime.js';
import { isRecorded, recordOp } from '../tape.js';
import type { Tensor } from '../tensor.js';

/** Turns x [T, H, D] in place by position (Su et al., arXiv 2104.09864), halves paired as in transformers. */
export function rope(x: Tensor, positions: Tensor, invFreq: Tensor, mscale = 1): void {
  ops.rope(x.id, positions.id, invFreq.id, mscale, false);
  if (isRecorded(x)) recordOp('rope', [x, positions, invFreq], [x], { mscale }, { isInPlace: true });
}
