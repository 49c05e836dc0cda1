import { Tape, filled } from '@hone/tensor';
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

type Options = Pick<PackedBatch, 'adapter' | 'dropoutSeed'>;

export interface GradientOptions extends Options {
  readonly recompute?: Recompute;
}

/**
 * Forward and backward of one micro-batch of a step with `stepTargets` learnt tokens in all: each token weighs
 * 1 / stepTargets, so that however a step is cut into micro-batches, its gradient is that of the one big batch.
 */
export function accumulateGradient(
  model: CausalModel,
  batch: MicroBatch,
  stepTargets: number,
  { recompute, ...options }: GradientOptions,
): TokenSums {
  const tape = new Tape({ isSparing: recompute === 'cheap' });
  const packed = { ...batch, ...options, isCheckpointed: recompute === 'layers' };
  const { logp, argmax } = tape.record(() =>
    model.tokenLogProbs(model.hidden(packed), batch.targets, { argmax: true }),
  );
  const sums = sumTokens(batch, logp.floats(), argmax?.ints());
  // d(mean of -log p) / d(log p)
  const upstream = filled([batch.targetCount], -1 / stepTargets);
  tape.backward(logp, upstream);
  upstream.free();
  return sums;
}

/** The same sums without gradients. */
export function measureTokens(model: CausalModel, batch: MicroBatch, options: Options): TokenSums {
  const hidden = model.hidden({ ...batch, ...options });
  const { logp, argmax } = model.tokenLogProbs(hidden, batch.targets, { argmax: true });
  const sums = sumTokens(batch, logp.floats(), argmax?.ints());
  for (const tensor of [hidden, logp, argmax]) tensor?.free();
  return sums;
}

function sumTokens({ targets }: MicroBatch, logp: Float32Array, argmax: Int32Array | undefined): TokenSums {
  let [nll, hits] = [0, 0];
  for (let i = 0; i < targets.length; i++) {
    nll -= logp[i] as number;
    if (argmax?.[i] === targets[i]) hits++;
  }
  return { nll, hits };
}
