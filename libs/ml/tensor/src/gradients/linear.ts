import { ops } from '../runtime.js';
import type { GradientRule } from './rule.js';

/** dx = dy W, dW = dyᵀ x, db = column sums of dy; a weight in bf16 has all three products in bf16. */
export const linear: GradientRule<'linear'> = ({ inputs: [x, weight, bias], outputs: [y] }, store) => {
  const dy = store.upstream(y);
  if (store.wants(weight)) {
    const { grad, isFresh } = store.target(weight, 'f32');
    const biasGrad = bias && store.wants(bias) ? store.sum(bias).id : 0;
    ops.linearBackwardWeight(dy.id, x.id, grad.id, biasGrad, !isFresh, weight.dtype === 'bf16');
  }
  if (store.wants(x)) {
    const { grad, isFresh } = store.target(x);
    ops.linearBackwardInput(dy.id, weight.id, grad.id, !isFresh);
  }
};
