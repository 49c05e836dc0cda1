import { emptyLike } from '../allocate.js';
import { ops } from '../runtime.js';
import type { GradientRule } from './rule.js';

export const attention: GradientRule<'attention'> = (record, store) => {
  const [q, k, v, cuSeqlens] = record.inputs;
  const [o] = record.outputs;
  const [lse] = record.saved;
  const { scale, window, softcap, isRounded } = record.attrs;
  const [dq, dk, dv] = [emptyLike(q), emptyLike(k), emptyLike(v)];
  const dy = store.upstream(o);
  const forward = [q.id, k.id, v.id, o.id, lse.id, cuSeqlens.id] as const;
  ops.attentionBackward(dy.id, ...forward, dq.id, dk.id, dv.id, scale, window, softcap, isRounded);
  store.giveOrDrop(q, dq);
  store.giveOrDrop(k, dk);
  store.giveOrDrop(v, dv);
};
