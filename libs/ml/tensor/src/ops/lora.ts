import { empty } from '../allocate.js';
import { ops } from '../runtime.js';
import { dim } from '../shape.js';
import { isRecorded, recordOp } from '../tape.js';
import type { Tensor } from '../tensor.js';

/** y += scale (x Aᵀ) Bᵀ in place: the low-rank update of LoRA (Hu et al., arXiv 2106.09685, section 4.1). */
export function lora(x: Tensor, a: Tensor, b: Tensor, scale: number, y: Tensor): void {
  const xa = empty([dim(x.shape, 0), dim(a.shape, 0)]);
  ops.loraForward(x.id, a.id, b.id, scale, y.id, xa.id);
  if (isRecorded(x, a, b)) recordOp('lora', [x, a, b], [y], { scale }, { saved: [xa], isInPlace: true });
  else xa.free();
}
