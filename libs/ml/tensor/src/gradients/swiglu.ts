import { empty } from '../allocate.js';
import { ops } from '../runtime.js';
import type { GradientRule } from './rule.js';

export const swiglu: GradientRule<'swiglu'> = ({ inputs: [gate, up], outputs: [y] }, store) => {
  const dgate = empty(gate.shape);
  const dup = empty(up.shape);
  ops.swigluBackward(store.upstream(y).id, gate.id, up.id, dgate.id, dup.id);
  store.giveOrDrop(gate, dgate);
  store.giveOrDrop(up, dup);
};
