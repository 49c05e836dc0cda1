import { empty } from '../allocate.js';
import type { GradientStore } from '../gradient-store.js';
import { ops } from '../runtime.js';
import type { Tensor } from '../tensor.js';
import type { GradientRule } from './rule.js';

/** The gradients are written over gate and up themselves wherever nothing else reads those: no memory, and warm caches. */
export const swiglu: GradientRule<'swiglu'> = ({ inputs: [gate, up], outputs: [y] }, store) => {
  const dgate = placeFor(gate, store);
  const dup = placeFor(up, store);
  ops.swigluBackward(store.upstream(y).id, gate.id, up.id, dgate.id, dup.id);
  store.giveOrDrop(gate, dgate);
  store.giveOrDrop(up, dup);
};

const placeFor = (input: Tensor, store: GradientStore): Tensor => {
  const isOurs = input.root === input && input.readers === 1 && !input.grad && store.wants(input) && !store.has(input);
  return isOurs ? input : empty(input.shape);
};
