import { discard, swiglu, type Tensor } from '@hone/tensor';
import type { LinearContext } from '@hone/nn';
import type { MlpSpec } from '../config/decoder-spec.js';
import type { ModuleBuilder } from './module-builder.js';

/** Rows [T, hiddenSize] to rows [T, hiddenSize]. */
export type Mlp = (x: Tensor, context: LinearContext) => Tensor;

export function mlpOf(spec: MlpSpec, build: ModuleBuilder): Mlp {
  const [gate, up, down] = [build.linear(spec.gate), build.linear(spec.up), build.linear(spec.down)];
  return (x, context) => {
    const gated = swiglu(gate.forward(x, context), up.forward(x, context));
    discard(x);
    const out = down.forward(gated, context);
    discard(gated);
    return out;
  };
}
