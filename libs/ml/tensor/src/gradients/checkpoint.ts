import { Tape } from '../tape.js';
import type { GradientRule } from './rule.js';

/** Records the body again on a tape of its own and walks that. */
export const checkpoint: GradientRule<'checkpoint'> = ({ inputs: [input], outputs: [output], attrs }, store) => {
  attrs.offload?.bring(input);
  const tape = new Tape();
  const again = tape.record(() => attrs.rerun(input));
  if (!again.root.requiresGrad) return tape.free();
  const [gradient] = tape.backward(again, store.upstream(output), store.wants(input) ? [input] : []);
  if (gradient) store.give(input, gradient, 'owned');
};
