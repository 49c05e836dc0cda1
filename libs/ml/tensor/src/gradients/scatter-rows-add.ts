import { empty } from '../allocate.js';
import { ops } from '../runtime.js';
import type { GradientRule } from './rule.js';

/** Each row gets the gradient of the row it was added to. */
export const scatterRowsAdd: GradientRule<'scatterRowsAdd'> = ({ inputs: [x, index, target] }, store) => {
  if (!store.wants(x)) return;
  const dx = empty(x.shape);
  ops.gatherRows(store.upstream(target).id, index.id, dx.id);
  store.give(x, dx, 'owned');
};
