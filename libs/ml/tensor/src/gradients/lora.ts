import { zeros } from '../allocate.js';
import { ops } from '../runtime.js';
import type { GradientRule } from './rule.js';

/** dxa = scale dy B; dx += dxa A; dA += dxaᵀ x; dB += scale dyᵀ xa. The gradient of y passes on to the base product. */
export const lora: GradientRule<'lora'> = ({ inputs: [x, a, b], outputs: [y], saved: [xa], attrs }, store) => {
  const dy = store.upstream(y);
  const dx = store.wants(x) ? store.sum(x).id : 0;
  // A frozen A or B still needs a place to write to; it is thrown away.
  const da = store.wants(a) ? store.sum(a, 'f32') : zeros(a.shape);
  const db = store.wants(b) ? store.sum(b, 'f32') : zeros(b.shape);
  ops.loraBackward(dy.id, x.id, a.id, b.id, xa.id, attrs.scale, dx, da.id, db.id);
  xa.free();
};
