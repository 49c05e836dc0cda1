import { emptyLike } from '../allocate.js';
import { ops } from '../runtime.js';
import { isRecorded, recordOp } from '../tape.js';
import type { Tensor } from '../tensor.js';

export interface GeluOptions {
  /** The normal distribution itself (`gelu`) instead of its approximation by tanh (`gelu_new`, `gelu_pytorch_tanh`). */
  readonly exact?: boolean;
}

/** x times the normal distribution function at x (Hendrycks and Gimpel, arXiv 1606.08415). */
export function gelu(x: Tensor, { exact = false }: GeluOptions = {}): Tensor {
  const y = emptyLike(x);
  ops.geluForward(x.id, y.id, exact);
  if (isRecorded(x)) {
    const again = (id: number) => ops.geluForward(x.id, id, exact);
    recordOp('gelu', [x], [y], { exact }, { again });
  }
  return y;
}

/** gelu(gate) * up (Shazeer, arXiv 2002.05202). */
export function geglu(gate: Tensor, up: Tensor, { exact = false }: GeluOptions = {}): Tensor {
  const y = emptyLike(gate);
  ops.gegluForward(gate.id, up.id, y.id, exact);
  if (isRecorded(gate, up)) {
    const again = (id: number) => ops.gegluForward(gate.id, up.id, id, exact);
    recordOp('geglu', [gate, up], [y], { exact }, { again });
  }
  return y;
}
