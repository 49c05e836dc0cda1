import { ops } from '../runtime.js';
import type { Tensor } from '../tensor.js';

/**
 * Gradients count min(1, maxNorm / (norm + 1e-6)) times, as torch.nn.utils.clip_grad_norm_ has it, with norm = gradientScale
 * sqrt(squaredNorm). A norm that is not finite turns the step into one that changes nothing.
 */
export interface NormClip {
  /** f32 [1]: the sum of squares over all gradients of the step, before gradientScale. */
  readonly squaredNorm: Tensor;
  /** 0 = never clip, but still leave out a step whose norm is not finite. */
  readonly maxNorm: number;
}

export interface AdamwSettings {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly eps: number;
  readonly weightDecay: number;
  /** The number of this step, from 1. */
  readonly step: number;
  /** What gradients are multiplied by on the way: that of micro-batches, or clipping by a norm that the host knows; default 1. */
  readonly gradientScale?: number;
  /** Clipping by a norm that lies on the device, which nothing has to wait for. */
  readonly clip?: NormClip;
  /** Decides, with step and index, which bf16 results are rounded up and which down; default 0. */
  readonly seed?: number;
  /** Where p begins in the tensor that it is a part of, a multiple of 256: parts are rounded as the whole would be; default 0. */
  readonly first?: number;
}

const numbersOf = (settings: AdamwSettings) => {
  const { learningRate, beta1, beta2, eps, weightDecay, step, gradientScale = 1, clip, seed = 0, first = 0 } = settings;
  const numbers = [
    learningRate,
    beta1,
    beta2,
    eps,
    weightDecay,
    step,
    gradientScale,
    clip?.maxNorm ?? 0,
    seed,
    first / 256,
  ] as const;
  return [clip?.squaredNorm.id ?? 0, ...numbers] as const;
};

/**
 * One step of AdamW with decoupled decay (Loshchilov and Hutter, arXiv 1711.05101), as torch.optim.AdamW. Each tensor is f32
 * or bf16; what is stored in bf16 is rounded by chance, so that steps below its precision are not lost.
 */
export function adamwStep(p: Tensor, g: Tensor, m: Tensor, v: Tensor, settings: AdamwSettings): void {
  ops.adamwStep(p.id, g.id, m.id, v.id, ...numbersOf(settings));
}

/** An average of n gradients in 8 bits: n codes, and one scale for each block of 256. Zeros are a fresh one. */
export interface Moment8bit {
  /** u8, as many as parameters. */
  readonly codes: Tensor;
  /** f32 [ceil(n / 256)] */
  readonly absmax: Tensor;
}

/** `adamwStep` with averages in 8 bits (Dettmers et al., arXiv 2110.02861); p and g are f32 or bf16. */
export function adamw8bitStep(p: Tensor, g: Tensor, m: Moment8bit, v: Moment8bit, settings: AdamwSettings): void {
  const moments = [m.codes.id, v.codes.id, m.absmax.id, v.absmax.id] as const;
  ops.adamw8bitStep(p.id, g.id, ...moments, ...numbersOf(settings));
}

/** out[0] = sum of x², in an order that does not depend on threads; `accumulate` adds it to what is there. */
export function sumSquares(x: Tensor, out: Tensor, { accumulate = false } = {}): void {
  ops.sumSquares(x.id, out.id, accumulate);
}

export function fill(x: Tensor, value: number): void {
  ops.tensorFill(x.id, value);
}
