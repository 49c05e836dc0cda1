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

/** What is done to logits before a draw, all in buffers that stay where they are: a captured decode step repeats it. */
export interface LogitsAdjustment {
  /** ids i32 [B, n], negative = unused, and the value f32 [B, n] that each adds. */
  readonly bias?: { readonly ids: Tensor; readonly values: Tensor };
  readonly penalties?: TokenPenalties;
  /** i32 [B, ceil(V / 32)]: an id whose bit v % 32 of word v / 32 is 0 cannot be drawn. */
  readonly mask?: Tensor;
}

/** frequency count + presence comes off the logit of every id that was drawn before, as the OpenAI API documents it. */
export interface TokenPenalties {
  /** i32 [S, V]: how often a sequence drew each id; `tokenCountsAdd` keeps them. */
  readonly counts: Tensor;
  /** i32 [B]: the line of `counts` of each row; negative = no penalties. */
  readonly slots: Tensor;
  /** f32 [B] */
  readonly frequency: Tensor;
  /** f32 [B] */
  readonly presence: Tensor;
}

/** Adds biases, takes penalties off and forbids masked ids, in place, in this order. */
export function logitsAdjust(logits: Tensor, { bias, penalties, mask }: LogitsAdjustment): void {
  const biases = [bias?.ids.id ?? 0, bias?.values.id ?? 0] as const;
  const { slots, counts, frequency, presence } = penalties ?? {};
  const rest = [slots?.id ?? 0, counts?.id ?? 0, frequency?.id ?? 0, presence?.id ?? 0, mask?.id ?? 0] as const;
  ops.logitsAdjust(logits.id, ...biases, ...rest);
}

/** counts[slots[b], tokens[b]] += 1 where the slot is not negative. */
export function tokenCountsAdd(counts: Tensor, slots: Tensor, tokens: Tensor): void {
  ops.tokenCountsAdd(counts.id, slots.id, tokens.id);
}

/** logits = cap tanh(logits / cap), in place (Gemma 2's final logits). */
export function logitsSoftcap(logits: Tensor, cap: number): void {
  ops.logitsSoftcap(logits.id, cap);
}

/** Log-probability of tokens[b], and the k best ids with theirs: topIds i32 [B, k], topLogp f32 [B, k]. */
export function logitsTopLogProbs(logits: Tensor, tokens: Tensor, logp: Tensor, topIds: Tensor, topLogp: Tensor): void {
  ops.logitsTopLogProbs(logits.id, tokens.id, logp.id, topIds.id, topLogp.id);
}
