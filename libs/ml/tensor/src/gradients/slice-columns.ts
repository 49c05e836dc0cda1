import { ops } from '../runtime.js';
import type { GradientRule } from './rule.js';

export const sliceColumns: GradientRule<'sliceColumns'> = ({ inputs: [x], outputs: [y], attrs }, store) => {
  ops.sliceColumnsBackward(store.upstream(y).id, store.sum(x).id, attrs.begin);
};
