import { emptyLike, zeros } from '../allocate.js';
import { ops } from '../runtime.js';
import type { GradientRule } from './rule.js';

/** dx[places[t, j]] = w[t, j] dy[t]; dw[t, j] = dy[t] · x[places[t, j]]. */
export const mixRows: GradientRule<'mixRows'> = ({ inputs: [x, weights, places], outputs: [y] }, store) => {
  const dx = emptyLike(x);
  const dweights = store.wants(weights) ? store.sum(weights) : zeros(weights.shape);
  ops.mixRowsBackward(store.upstream(y).id, x.id, weights.id, places.id, dx.id, dweights.id);
  store.giveOrDrop(x, dx);
};
