import { ops } from '../runtime.js';
import type { GradientRule } from './rule.js';

export const gatherRows: GradientRule<'gatherRows'> = ({ inputs: [x, index], outputs: [y] }, store) => {
  ops.scatterRowsAdd(store.upstream(y).id, index.id, store.sum(x).id);
};
