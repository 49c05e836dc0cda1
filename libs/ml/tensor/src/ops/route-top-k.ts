import { empty } from '../allocate.js';
import { ops } from '../runtime.js';
import { dim } from '../shape.js';
import { isRecorded, recordOp } from '../tape.js';
import type { Tensor } from '../tensor.js';

export interface RouteOptions {
  /** Experts per token. */
  readonly k: number;
  /** Whether a token's weights add up to one (Mixtral; Qwen3-MoE with norm_topk_prob). */
  readonly renormalise: boolean;
}

/** Which experts a token goes to, best first, and with what weight. */
export interface Routes {
  /** i32 [T, k] */
  readonly ids: Tensor;
  /** f32 [T, k] */
  readonly weights: Tensor;
}

/**
 * The router of a mixture of experts: softmax over logits [T, E] and the k largest (Shazeer et al., arXiv 1701.06538;
 * Mixtral, arXiv 2401.04088). The gradient flows through the weights; the choice has none. In a bf16 model the logits are what a bf16
 * linear layer gives, and the softmax of them is f32: so has it transformers (5.23, Qwen3MoeTopKRouter and MixtralTopKRouter), and logits in
 * f32 would choose other experts than the model was trained with. Equal logits go to the lower id.
 */
export function routeTopK(logits: Tensor, { k, renormalise }: RouteOptions): Routes {
  const shape = [dim(logits.shape, 0), k];
  const ids = empty(shape, 'i32');
  const weights = empty(shape);
  ops.routeTopKForward(logits.id, ids.id, weights.id, renormalise);
  if (isRecorded(logits)) recordOp('routeTopK', [logits], [weights], { renormalise }, { saved: [ids] });
  return { ids, weights };
}
