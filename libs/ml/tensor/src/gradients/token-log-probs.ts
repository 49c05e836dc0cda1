import { emptyLike } from '../allocate.js';
import { ops } from '../runtime.js';
import type { GradientRule } from './rule.js';

/** d logits = dlogp (one-hot(target) - softmax(logits)), recomputed in chunks from the saved log-sum-exp. */
export const tokenLogProbs: GradientRule<'tokenLogProbs'> = (record, store) => {
  const [hidden, head, targets] = record.inputs;
  const dlogp = store.upstream(record.outputs[0]);
  const dhead = store.wants(head) ? store.sum(head, 'f32').id : 0;
  const dhidden = emptyLike(hidden);
  const [lse] = record.saved;
  const forward = [hidden.id, head.id, targets.id, lse.id] as const;
  ops.tokenLogProbsBackward(dlogp.id, ...forward, dhidden.id, dhead, record.attrs.softcap);
  store.giveOrDrop(hidden, dhidden);
};
