import { empty, zeros } from '../allocate.js';
import { ops } from '../runtime.js';
import type { GradientRule } from './rule.js';

/** dx[t] = s[t] dy[t]; ds[t] = dy[t] · x[t]. */
export const scaleRows: GradientRule<'scaleRows'> = ({ inputs: [x, factors], outputs: [y] }, store) => {
  const dx = empty(x.shape);
  const dfactors = store.wants(factors) ? store.sum(factors) : zeros(factors.shape);
  ops.scaleRowsBackward(store.upstream(y).id, x.id, factors.id, dx.id, dfactors.id);
  store.giveOrDrop(x, dx);
};
