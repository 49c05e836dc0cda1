import { ops } from '../runtime.js';
import type { GradientRule } from './rule.js';

export const scale: GradientRule<'scale'> = ({ outputs: [x], attrs }, store) => {
  ops.tensorScale(store.writable(x).id, attrs.factor);
};
