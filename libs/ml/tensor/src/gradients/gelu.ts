import { ops } from '../runtime.js';
import { placeFor } from './place-for.js';
import type { GradientRule } from './rule.js';

export const gelu: GradientRule<'gelu'> = ({ inputs: [x], outputs: [y], attrs: { exact } }, store) => {
  const dx = placeFor(x, store);
  ops.geluBackward(store.upstream(y).id, x.id, dx.id, exact);
  store.giveOrDrop(x, dx);
};

export const geglu: GradientRule<'geglu'> = ({ inputs: [gate, up], outputs: [y], attrs: { exact } }, store) => {
  const dgate = placeFor(gate, store);
  const dup = placeFor(up, store);
  ops.gegluBackward(store.upstream(y).id, gate.id, up.id, dgate.id, dup.id, exact);
  store.giveOrDrop(gate, dgate);
  store.giveOrDrop(up, dup);
};
