import { geglu, swiglu, type Tensor } from '@hone/tensor';
import type { Activation } from '../config/decoder-spec.js';

/** The product of the activated gate and its other half. */
export function gateOf(activation: Activation): (gate: Tensor, up: Tensor) => Tensor {
  if (activation === 'silu') return swiglu;
  const options = { exact: activation === 'gelu' };
  return (gate, up) => geglu(gate, up, options);
}
