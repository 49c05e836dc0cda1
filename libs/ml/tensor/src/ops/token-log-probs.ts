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

export interface TokenLogProbsOptions {
  readonly entropy?: boolean;
  readonly argmax?: boolean;
  /** Logits become softcap tanh(logit / softcap), as in Gemma 2; 0 = as they are. */
  readonly softcap?: number;
}

/**
 * Final projection, log-softmax and choice of the target in one: only [T] numbers leave the kernel, the T x V logits never
 * exist as a whole. The gradient is defined for `logp`.
 */
export function tokenLogProbs(
  hidden: Tensor,
  head: Tensor,
  targets: Tensor,
  { entropy: wantsEntropy = false, argmax: wantsArgmax = false, softcap = 0 }: TokenLogProbsOptions = {},
): TokenLogProbs {
  const shape = [dim(hidden.shape, 0)];
  const logp = empty(shape);
  const lse = empty(shape);
  const entropy = wantsEntropy ? empty(shape) : undefined;
  const argmax = wantsArgmax ? empty(shape, 'i32') : undefined;
  const results = [logp.id, lse.id, entropy?.id ?? 0, argmax?.id ?? 0] as const;
  ops.tokenLogProbsForward(hidden.id, head.id, targets.id, ...results, softcap);
  if (isRecorded(hidden, head)) {
    recordOp('tokenLogProbs', [hidden, head, targets], [logp], { softcap }, { saved: [lse] });
  } else lse.free();
  return { logp, entropy, argmax };
}

/** sums f32 [2]: the sum of -logp, and how many argmax are their target. What a run tells of a micro-batch, without waiting for it. */
export function tokenSums(logp: Tensor, argmax: Tensor, targets: Tensor, sums: Tensor): void {
  ops.tokenSums(logp.id, argmax.id, targets.id, sums.id);
}
