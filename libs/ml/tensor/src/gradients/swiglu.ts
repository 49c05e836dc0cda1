import { ops } from '../runtime.js';
import { placeFor } from './place-for.js';
import type { GradientRule } from './rule.js';

/** The gradients are written over gate and up themselves wherever nothing else reads those: no memory, and warm caches. */
export const swiglu: GradientRule<'swiglu'> = ({ inputs: [gate, up], outputs: [y] }, store) => {
  const dgate = placeFor(gate, store);
  const dup = placeFor(up, store);
  ops.swigluBackward(store.upstream(y).id, gate.id, up.id, dgate.id, dup.id);
  store.giveOrDrop(gate, dgate);
  store.giveOrDrop(up, dup);
};
