import type { GradientRule } from './rule.js';

/** The sum keeps its gradient, which is also that of what was added. */
export const accumulate: GradientRule<'accumulate'> = ({ inputs: [, y], outputs: [x] }, store) => {
  if (store.wants(y)) store.share(x, y);
};
