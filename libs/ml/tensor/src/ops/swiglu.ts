import { emptyLike } from '../allocate.js';
import { ops } from '../runtime.js';
import { isRecorded, recordOp } from '../tape.js';
import type { Tensor } from '../tensor.js';

/** silu(gate) * up (Shazeer, arXiv 2002.05202). */
export function swiglu(gate: Tensor, up: Tensor): Tensor {
  const y = emptyLike(gate);
  ops.swigluForward(gate.id, up.id, y.id);
  if (isRecorded(gate, up)) {
    const again = (id: number) => ops.swigluForward(gate.id, up.id, id);
    recordOp('swiglu', [gate, up], [y], {}, { again });
  }
  return y;
}
