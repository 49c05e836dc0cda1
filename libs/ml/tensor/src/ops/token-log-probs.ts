import { empty } from '../allocate.js';
import { ops } from '../runtime.js';
import { dim } from '../shape.js';
import { isRecorded, recordOp } from '../tape.js';
import type { Tensor } from '../tensor.js';

/** Per token, [T] each. */
export interface TokenLogProbs {
  /** Log-probability of the target; 0 where the target is negative (ignored). */
  readonly logp: Tensor;
  /** Entropy of the whole distribution; present when asked for. */
  readonly entropy: Tensor | undefined;
  /** The most likely id; present when asked for. */
  readonly argmax: Tensor | undefined;
}

/**
 * Final projection, log-softmax and choice of the target in one: only [T] numbers leave the kernel, the T x V logits never
 * exist as a whole. The gradient is defined for `logp`.
 */
export function tokenLogProbs(
  hidden: Tensor,
  head: Tensor,
  targets: Tensor,
  wanted: { entropy?: boolean; argmax?: boolean } = {},
): TokenLogProbs {
  const shape = [dim(hidden.shape, 0)];
  const logp = empty(shape);
  const lse = empty(shape);
  const entropy = wanted.entropy ? empty(shape) : undefined;
  const argmax = wanted.argmax ? empty(shape, 'i32') : undefined;
  ops.tokenLogProbsForward(hidden.id, head.id, targets.id, logp.id, lse.id, entropy?.id ?? 0, argmax?.id ?? 0);
  if (isRecorded(hidden, head)) recordOp('tokenLogProbs', [hidden, head, targets], [logp], {}, { saved: [lse] });
  else lse.free();
  return { logp, entropy, argmax };
}
