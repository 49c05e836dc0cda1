import { assert, fault } from '@hone/base';
import {
  copy,
  empty,
  fromFloats,
  fromInts,
  logitsAddSparse,
  logitsAdjust,
  logitsTopLogProbs,
  sample,
  scoped,
  type Tensor,
} from '@hone/tensor';
import type { SamplingSettings } from './sampling-settings.js';
import type { Sequence } from './sequence.js';

/** A token with its log-probability under the model itself: before temperature, penalties and biases. */
export interface TokenLogProb {
  token: number;
  logProb: number;
  top: { token: number; logProb: number }[];
}

export interface Drawn {
  token: number;
  logProb?: TokenLogProb;
}

export type Drawing = Sequence & { readonly sampling: SamplingSettings };

/** Whether a draw is logits and settings alone: no biases, no penalties, no log-probabilities to report. */
export function isPlainDraw({ sampling, drawnCounts }: Sequence): boolean {
  return (
    sampling !== undefined &&
    sampling.topLogProbs === undefined &&
    sampling.logitBias.size === 0 &&
    sampling.mask === undefined &&
    (drawnCounts === undefined || drawnCounts.size === 0)
  );
}

/** Draws one token per row of logits [B, V] for the sequences of these rows. The logits are changed. */
export function drawTokens(logits: Tensor, sequences: readonly Sequence[]): Drawn[] {
  assert(logits.shape[0] === sequences.length, '[sampler] expected one row of logits per sequence');
  if (sequences.length === 0) return [];
  const drawing = sequences.map(withSampling);
  const isReported = drawing.some(({ sampling }) => sampling.topLogProbs !== undefined);
  const result: Drawn[] = [];
  scoped(() => {
    const adjustments = adjustmentsOf(drawing);
    // Reported log-probabilities are the model's own, so a copy is kept where biases or penalties are about to be added.
    const isAdjusted = adjustments.length > 0 || drawing.some(({ sampling }) => sampling.mask !== undefined);
    const own = isReported && isAdjusted ? copied(logits) : logits;
    addAdjustments(logits, adjustments);
    applyMasks(logits, drawing);
    const tokens = empty([drawing.length], 'i32');
    sample(logits, rowSettings(drawing), tokens);
    const ids = tokens.ints();
    assertDrawn(ids, logits.shape[1] as number);
    const reports = isReported
      ? logProbsOf(
          own,
          ids,
          drawing.map(({ sampling }) => sampling.topLogProbs ?? 0),
        )
      : [];
    for (const [row, { sampling }] of drawing.entries()) {
      const report = sampling.topLogProbs === undefined ? undefined : reports[row];
      result.push({ token: ids[row] as number, ...(report ? { logProb: report } : {}) });
    }
  });
  return result;
}

/** An id outside of the vocabulary comes from logits that are no numbers. */
export function assertDrawn(ids: Int32Array, vocabulary: number): void {
  for (const id of ids) {
    assert(id >= 0 && id < vocabulary, `[sampler] drew id ${id} of ${vocabulary}: the logits are not numbers`);
  }
}

/** The log-probability of a token. It is no number where the logits are none: a fault of whoever asked, not of others in the step. */
export function numberOf({ logProb }: TokenLogProb): number {
  if (!Number.isNaN(logProb)) return logProb;
  throw fault(
    'logits_not_numbers',
    '[sampler] expected numbers for the logits but received NaN; fix: take the base or the adapter from before its training diverged',
    { status: 500 },
  );
}

/** The log-probability of tokens[b] in row b of logits [B, V], with the tops[b] most likely ids. */
export function logProbsOf(logits: Tensor, tokens: Int32Array, tops: readonly number[]): TokenLogProb[] {
  const rows = tokens.length;
  const k = Math.min(Math.max(1, ...tops), logits.shape[1] as number);
  const result: TokenLogProb[] = [];
  scoped(() => {
    // All of it lies in one stretch, so that a device that works through a queue is waited for once.
    const found = empty([rows * (1 + 2 * k)], 'i32');
    const numbers = found.reinterpret('f32');
    const [ids, logp, topLogp] = [found.slice(0, [rows, k]), numbers.slice(rows * k, [rows]), rows * (k + 1)];
    logitsTopLogProbs(logits, fromInts(tokens), logp, ids, numbers.slice(topLogp, [rows, k]));
    const words = found.ints();
    const floats = new Float32Array(words.buffer);
    for (let row = 0; row < rows; row++) {
      const top = Array.from({ length: Math.min(tops[row] ?? 0, k) }, (_, rank) => ({
        token: words[row * k + rank] as number,
        logProb: floats[topLogp + row * k + rank] as number,
      }));
      result.push({ token: tokens[row] as number, logProb: floats[rows * k + row] as number, top });
    }
  });
  return result;
}

function withSampling(sequence: Sequence): Drawing {
  assert(sequence.sampling !== undefined, `[sampler] sequence ${sequence.id} draws nothing`);
  return sequence as Drawing;
}

function copied(logits: Tensor): Tensor {
  const own = empty(logits.shape);
  copy(logits, own);
  return own;
}

interface Adjustment {
  row: number;
  token: number;
  value: number;
}

/** logit -= frequencyPenalty count + presencePenalty (count > 0), over the drawn tokens, as the OpenAI API documents it. */
function adjustmentsOf(sequences: readonly Drawing[]): Adjustment[] {
  const adjustments: Adjustment[] = [];
  for (const [row, { sampling, drawnCounts }] of sequences.entries()) {
    for (const [token, value] of sampling.logitBias) adjustments.push({ row, token, value });
    for (const [token, count] of drawnCounts ?? []) {
      adjustments.push({ row, token, value: -(sampling.frequencyPenalty * count + sampling.presencePenalty) });
    }
  }
  return adjustments;
}

function addAdjustments(logits: Tensor, adjustments: readonly Adjustment[]): void {
  if (adjustments.length === 0) return;
  const rows = fromInts(Int32Array.from(adjustments, ({ row }) => row));
  const columns = fromInts(Int32Array.from(adjustments, ({ token }) => token));
  logitsAddSparse(logits, rows, columns, fromFloats(Float32Array.from(adjustments, ({ value }) => value)));
}

function applyMasks(logits: Tensor, sequences: readonly Drawing[]): void {
  if (sequences.every(({ sampling }) => sampling.mask === undefined)) return;
  const words = Math.ceil((logits.shape[1] as number) / 32);
  const masks = new Int32Array(sequences.length * words).fill(-1);
  for (const [row, { sampling }] of sequences.entries()) if (sampling.mask) masks.set(sampling.mask, row * words);
  logitsAdjust(logits, { mask: fromInts(masks, [sequences.length, words]) });
}

function rowSettings(sequences: readonly Drawing[]) {
  const floats = (value: (settings: SamplingSettings) => number) =>
    fromFloats(Float32Array.from(sequences, ({ sampling }) => value(sampling)));
  const seeds = new Int32Array(sequences.length * 2);
  for (const [row, { sampling }] of sequences.entries()) seeds.set(sampling.seed, row * 2);
  return {
    temperature: floats(({ temperature }) => temperature),
    topK: fromInts(Int32Array.from(sequences, ({ sampling }) => sampling.topK)),
    topP: floats(({ topP }) => topP),
    minP: floats(({ minP }) => minP),
    seeds: fromInts(seeds, [sequences.length, 2]),
    counters: fromInts(Int32Array.from(sequences, (sequence) => sequence.generated)),
  };
}
