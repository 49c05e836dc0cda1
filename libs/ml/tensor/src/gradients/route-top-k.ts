import { ops } from '../runtime.js';
import type { GradientRule } from './rule.js';

export const routeTopK: GradientRule<'routeTopK'> = (record, store) => {
  const [logits] = record.inputs;
  const [ids] = record.saved;
  const dweights = store.upstream(record.outputs[0]);
  ops.routeTopKBackward(dweights.id, logits.id, ids.id, store.sum(logits).id, record.attrs.renormalise);
};
