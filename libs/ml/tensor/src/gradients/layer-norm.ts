import { ops } from '../runtime.js';
import type { GradientRule } from './rule.js';

export const layerNorm: GradientRule<'layerNorm'> = (record, store) => {
  const [x, weight, bias] = record.inputs;
  const [mean, rstd] = record.saved;
  const dy = store.upstream(record.outputs[0]);
  const dweight = store.wants(weight) ? store.sum(weight).id : 0;
  const dbias = store.wants(bias) ? store.sum(bias).id : 0;
  const { grad, isFresh } = store.target(x);
  const forward = [x.id, weight.id, bias.id, mean.id, rstd.id] as const;
  ops.layerNormBackward(dy.id, ...forward, grad.id, dweight, dbias, !isFresh);
};
