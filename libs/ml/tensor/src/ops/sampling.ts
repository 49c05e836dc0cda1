import { ops } from '../runtime.js';
import type { Tensor } from '../tensor.js';

/** One entry per row of the logits; every tensor is [B] unless it says otherwise. */
export interface SampleSettings {
  /** f32; 0 = greedy, the lowest id wins ties. */
  readonly temperature: Tensor;
  /** i32; 0 = off. */
  readonly topK: Tensor;
  /** f32; 1 = off. */
  readonly topP: Tensor;
  /** f32; 0 = off. */
  readonly minP: Tensor;
  /** i32 [B, 2]. */
  readonly seeds: Tensor;
  /** i32: how many tokens the sequence has drawn; the draw depends on seed and counter alone. */
  readonly counters: Tensor;
}

/** Chooses one id per row of logits [B, V] into `tokens` i32 [B]. */
export function sample(logits: Tensor, settings: SampleSettings, tokens: Tensor): void {
  const { temperature, topK, topP, minP, seeds, counters } = settings;
  ops.sample(logits.id, temperature.id, topK.id, topP.id, minP.id, seeds.id, counters.id, tokens.id);
}

/** logits[rows[i], cols[i]] += values[i]: biases, penalties, and forbidden ids by -Infinity. */
export function logitsAddSparse(logits: Tensor, rows: Tensor, cols: Tensor, values: Tensor): void {
  ops.logitsAddSparse(logits.id, rows.id, cols.id, values.id);
}

/** logits = cap tanh(logits / cap), in place (Gemma 2's final logits). */
export function logitsSoftcap(logits: Tensor, cap: number): void {
  ops.logitsSoftcap(logits.id, cap);
}

/** Log-probability of tokens[b], and the k best ids with theirs: topIds i32 [B, k], topLogp f32 [B, k]. */
export function logitsTopLogProbs(logits: Tensor, tokens: Tensor, logp: Tensor, topIds: Tensor, topLogp: Tensor): void {
  ops.logitsTopLogProbs(logits.id, tokens.id, logp.id, topIds.id, topLogp.id);
}
