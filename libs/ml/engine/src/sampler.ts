import { assert } from '@hone/base';
import {
  copy,
  empty,
  fromFloats,
  fromInts,
  logitsAddSparse,
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

type Drawing = Sequence & { readonly sampling: SamplingSettings };

/** Whether a draw is logits and settings alone: no biases, no penalties, no log-probabilities to report. */
export function isPlainDraw({ sampling, drawnCounts }: Sequence): boolean {
  return (
    sampling !== undefined &&
    sampling.topLogProbs === undefined &&
    sampling.logitBias.size === 0 &&
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
    const own = isReported && adjustments.length > 0 ? copied(logits) : logits;
    addAdjustments(logits, adjustments);
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

/** The log-probability of tokens[b] in row b of logits [B, V], with the tops[b] most likely ids. */
export function logProbsOf(logits: Tensor, tokens: Int32Array, tops: readonly number[]): TokenLogProb[] {
  const rows = tokens.length;
  const k = Math.min(Math.max(1, ...tops), logits.shape[1] as number);
  const result: TokenLogProb[] = [];
  scoped(() => {
    const logp = empty([rows]);
    const topIds = empty([rows, k], 'i32');
    const topLogp = empty([rows, k]);
    logitsTopLogProbs(logits, fromInts(tokens), logp, topIds, topLogp);
    const values = logp.floats();
    const ids = topIds.ints();
    const topValues = topLogp.floats();
    for (let row = 0; row < rows; row++) {
      const top = Array.from({ length: Math.min(tops[row] ?? 0, k) }, (_, rank) => ({
        token: ids[row * k + rank] as number,
        logProb: topValues[row * k + rank] as number,
      }));
      result.push({ token: tokens[row] as number, logProb: values[row] as number, top });
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
