import { ops } from '../runtime.js';
import type { GradientRule } from './rule.js';

/** What `linear` does, on the rows of each expert. They cover x, so its gradient is written whole. */
export const expertLinear: GradientRule<'expertLinear'> = (
  { inputs: [x, segments, ...weights], outputs: [y] },
  store,
) => {
  const dy = store.upstream(y);
  weights.forEach((weight, expert) => {
    if (!store.wants(weight)) return;
    const { grad, isFresh } = store.target(weight, 'f32');
    ops.expertLinearBackwardWeight(dy.id, x.id, segments.id, expert, grad.id, !isFresh, weight.dtype === 'bf16');
  });
  if (!store.wants(x)) return;
  const { grad, isFresh } = store.target(x);
  weights.forEach(({ id }, expert) => {
    ops.expertLinearBackwardInput(dy.id, segments.id, expert, id, grad.id, !isFresh);
  });
};
