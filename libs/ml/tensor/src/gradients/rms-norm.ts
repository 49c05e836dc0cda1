import { ops } from '../runtime.js';
import type { GradientRule } from './rule.js';

export const rmsNorm: GradientRule<'rmsNorm'> = ({ inputs: [x, weight], outputs: [y], saved: [rstd] }, store) => {
  const dy = store.upstream(y);
  const dweight = store.wants(weight) ? store.sum(weight).id : 0;
  store.overwrite(x, (dx) => ops.rmsNormBackward(dy.id, x.id, weight.id, rstd.id, dx.id, dweight));
};
