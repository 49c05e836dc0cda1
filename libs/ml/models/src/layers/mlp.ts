import { discard, gelu, sliceColumns, type Tensor } from '@hone/tensor';
import { forwardAll, type Linear, type LinearContext } from '@hone/nn';
import type { MlpSpec } from '../config/decoder-spec.js';
import { expertsOf } from './experts.js';
import { gateOf } from './gate.js';
import type { ModuleBuilder } from './module-builder.js';

/** Rows [T, hiddenSize] to rows [T, hiddenSize]; nobody reads the input again. */
export type Mlp = (x: Tensor, context: LinearContext) => Tensor;

export function mlpOf(spec: MlpSpec, build: ModuleBuilder): Mlp {
  if (spec.kind === 'experts') return expertsOf(spec, build);
  const inner = innerOf(spec, build);
  const down = build.linear(spec.down);
  return (x, context) => {
    const activated = inner(x, context);
    discard(x);
    const out = down.forward(activated, context);
    discard(activated);
    return out;
  };
}

/** Rows [T, hiddenSize] to activated rows [T, intermediate size]. */
function innerOf(spec: Exclude<MlpSpec, { kind: 'experts' }>, build: ModuleBuilder): Mlp {
  switch (spec.kind) {
    case 'gated': {
      const linears = [build.linear(spec.gate), build.linear(spec.up)];
      const gated = gateOf(spec.activation);
      return (x, context) => gated(...(forwardAll(linears, x, context) as [gate: Tensor, up: Tensor]));
    }
    case 'fused-gated': {
      const gateUp = build.linear(spec.gateUp);
      const gated = gateOf(spec.activation);
      return (x, context) => gated(...halvesOf(gateUp, x, context));
    }
    case 'plain': {
      const up = build.linear(spec.up);
      const options = { exact: spec.activation === 'gelu' };
      return (x, context) => gelu(up.forward(x, context), options);
    }
  }
}

function halvesOf(linear: Linear, x: Tensor, context: LinearContext): [Tensor, Tensor] {
  const both = linear.forward(x, context);
  const width = both.shape[1] as number;
  const halves: [Tensor, Tensor] = [sliceColumns(both, 0, width / 2), sliceColumns(both, width / 2, width)];
  discard(both);
  return halves;
}
