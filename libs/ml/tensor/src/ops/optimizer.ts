import { ops } from '../runtime.js';
import type { Tensor } from '../tensor.js';

export interface AdamwSettings {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly eps: number;
  readonly weightDecay: number;
  /** The number of this step, from 1. */
  readonly step: number;
}

/** One step of AdamW with decoupled decay (Loshchilov and Hutter, arXiv 1711.05101), as torch.optim.AdamW. */
export function adamwStep(p: Tensor, g: Tensor, m: Tensor, v: Tensor, settings: AdamwSettings): void {
  const { learningRate, beta1, beta2, eps, weightDecay, step } = settings;
  ops.adamwStep(p.id, g.id, m.id, v.id, learningRate, beta1, beta2, eps, weightDecay, step);
}

/** out[0] = sum of x², in an order that does not depend on threads. */
export function sumSquares(x: Tensor, out: Tensor): void {
  ops.sumSquares(x.id, out.id);
}

export function fill(x: Tensor, value: number): void {
  ops.tensorFill(x.id, value);
}
