import { Tape, empty, filled, fromInts, keep, scoped, tokenSums, type Tensor } from '@hone/tensor';
import type { CausalModel, PackedBatch } from '@hone/models';
import type { Recompute } from './arguments/training-settings.js';
import type { MicroBatch } from './data/micro-batch.js';

/** Sums over the learnt tokens of a micro-batch. */
export interface TokenSums {
  /** - sum of log p(target). */
  nll: number;
  /** Targets that were the most likely token. */
  hits: number;
}

type Options = Pick<PackedBatch, 'adapter' | 'dropoutSeed' | 'offload'>;

export interface GradientOptions extends Options {
  readonly recompute?: Recompute;
}

/**
 * Forward and backward of one micro-batch of a step with `stepTargets` learnt tokens in all: each token weighs
 * 1 / stepTargets, so that however a step is cut into micro-batches, its gradient is that of the one big batch. The gradient does
 * not depend on the loss, so nothing waits for it: its sums come to `sums` f32 [2], nll and hits.
 */
export function queueGradient(
  model: CausalModel,
  batch: MicroBatch,
  stepTargets: number,
  sums: Tensor,
  { recompute, ...options }: GradientOptions,
): void {
  const tape = new Tape({ isSparing: recompute === 'cheap' });
  const packed = { ...batch, ...options, isCheckpointed: recompute === 'layers' };
  const logp = tape.record(() => tokenLosses(model, packed, sums));
  // d(mean of -log p) / d(log p)
  const upstream = filled([batch.targetCount], -1 / stepTargets);
  try {
    tape.backward(logp, upstream);
  } finally {
    upstream.free();
  }
}

/** The same sums without gradients. */
export function queueMeasure(model: CausalModel, batch: MicroBatch, sums: Tensor, options: Options): void {
  scoped(() => void tokenLosses(model, { ...batch, ...options }, sums));
}

/** `queueGradient`, and waits for its sums. */
export const accumulateGradient = (
  model: CausalModel,
  batch: MicroBatch,
  stepTargets: number,
  options: GradientOptions,
): TokenSums => readSums((sums) => queueGradient(model, batch, stepTargets, sums, options));

/** `queueMeasure`, and waits for its sums. */
export const measureTokens = (model: CausalModel, batch: MicroBatch, options: Options): TokenSums =>
  readSums((sums) => queueMeasure(model, batch, sums, options));

function tokenLosses(model: CausalModel, batch: MicroBatch & PackedBatch, sums: Tensor): Tensor {
  const targets = fromInts(batch.targets);
  const { logp, argmax } = model.tokenLogProbs(model.hidden(batch), targets, { argmax: true });
  tokenSums(logp, argmax as Tensor, targets, sums);
  return logp;
}

function readSums(write: (sums: Tensor) => void): TokenSums {
  const sums = keep(empty([2]));
  try {
    write(sums);
    const [nll = NaN, hits = NaN] = sums.floats();
    return { nll, hits };
  } finally {
    sums.free();
  }
}
