import type { GradientRule } from './rule.js';

/** Both sides get the upstream gradient; they share one buffer until one of them is added to. */
export const add: GradientRule<'add'> = ({ inputs: [a, b], outputs: [out] }, store) => {
  if (store.wants(a)) store.share(out, a);
  if (store.wants(b)) store.share(out, b);
};
