import { empty, emptyLike } from '../allocate.js';
import { ops } from '../runtime.js';
import { dim } from '../shape.js';
import { isRecorded, recordOp } from '../tape.js';
import type { Tensor } from '../tensor.js';

export interface AttentionOptions {
  readonly scale: number;
  /** Attended tokens, the own one included; 0 = all. */
  readonly window: number;
  /** Scores s become softcap * tanh(s / softcap), as in Gemma 2 (arXiv 2408.00118); 0, the default, leaves them alone. */
  readonly softcap?: number;
  /**
   * bf16 rounds q, k, v, the weights and, backward, what flows in to bf16 before each product, with sums in f32 (several times
   * as fast where the processor multiplies bf16); f32, the default, rounds nothing. Pages choose by their own dtype.
   */
  readonly precision?: 'f32' | 'bf16';
}

/**
 * Causal attention of q [T, H, D] over k and v [T, KV, D], each sequence of `cuSeqlens` by itself (Dao et al., arXiv
 * 2205.14135: no T x T matrix is kept, only the log-sum-exp of each row).
 */
export function attention(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  cuSeqlens: Tensor,
  { scale, window, softcap = 0, precision = 'f32' }: AttentionOptions,
): Tensor {
  const isRounded = precision === 'bf16';
  const o = emptyLike(q);
  const lse = empty([dim(q.shape, 0), dim(q.shape, 1)]);
  ops.attentionForward(q.id, k.id, v.id, cuSeqlens.id, o.id, lse.id, scale, window, softcap, isRounded);
  if (isRecorded(q, k, v)) {
    const details = { saved: [lse], isOutputRead: true };
    recordOp('attention', [q, k, v, cuSeqlens], [o], { scale, window, softcap, isRounded }, details);
  } else lse.free();
  return o;
}
