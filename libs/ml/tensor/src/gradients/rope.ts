import { ops } from '../runtime.js';
import type { GradientRule } from './rule.js';

/** A rotation's gradient is the rotation back; it is done in the gradient's own buffer. */
export const rope: GradientRule<'rope'> = ({ inputs: [, positions, invFreq], outputs: [x], attrs }, store) => {
  ops.rope(store.writable(x).id, positions.id, invFreq.id, attrs.mscale, true);
};
