import { emptyLike } from '../allocate.js';
import { ops } from '../runtime.js';
import type { GradientRule } from './rule.js';

/** The same mask and scale, drawn again from the seed. */
export const dropout: GradientRule<'dropout'> = ({ inputs: [x], outputs: [y], attrs: { p, seed } }, store) => {
  const dx = emptyLike(x);
  ops.dropout(store.upstream(y).id, dx.id, p, seed[0], seed[1]);
  store.giveOrDrop(x, dx);
};
