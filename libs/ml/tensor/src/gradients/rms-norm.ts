import { ops } from '../runtime.js';
import type { GradientRule } from './rule.js';

/** dx is added to what other users of x have given it already: on a residual stream that saves a pass. */
export const rmsNorm: GradientRule<'rmsNorm'> = (record, store) => {
  const [x, weight] = record.inputs;
  const [rstd] = record.saved;
  const { offset } = record.attrs;
  const dy = store.upstream(record.outputs[0]);
  const dweight = store.wants(weight) ? store.sum(weight).id : 0;
  const { grad, isFresh } = store.target(x);
  ops.rmsNormBackward(dy.id, x.id, weight.id, rstd.id, grad.id, dweight, offset, !isFresh);
};
