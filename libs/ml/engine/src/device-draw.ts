// Drawing on a device that works through a queue: whatever the settings of the rows, everything goes there in one copy and comes back in
// one, so that the ops between can be part of a captured step.
import { assert } from '@hone/base';
import {
  copy,
  empty,
  keep,
  logitsAdjust,
  logitsTopLogProbs,
  sample,
  scoped,
  tokenCountsAdd,
  type Tensor,
} from '@hone/tensor';
import { assertDrawn, type Drawing, type Drawn } from './sampler.js';
import { floats, type InputPart, ints, StepInput } from './step-input.js';
import type { TokenCounts } from './token-counts.js';

/** What the draws of a step take beside logits and plain settings. It is fixed in a plan. */
export interface DrawShape {
  /** Biases that a row has room for. */
  readonly biases: number;
  readonly isPenalised: boolean;
  readonly isMasked: boolean;
  /** Alternatives that are reported of each row; 0 = no log-probabilities. */
  readonly top: number;
}

export const plainDraw: DrawShape = { biases: 0, isPenalised: false, isMasked: false, top: 0 };

/** Few sizes, so that few plans are captured: none, the token alone, and what the OpenAI API allows. */
const topSizes = [0, 1, 5, 20];

export function drawShapeOf(sequences: readonly Drawing[], vocabulary: number): DrawShape {
  let [biases, top] = [0, 0];
  let [isPenalised, isMasked] = [false, false];
  for (const { sampling, drawnCounts } of sequences) {
    biases = Math.max(biases, sampling.logitBias.size);
    if (sampling.topLogProbs !== undefined) top = Math.max(top, 1, sampling.topLogProbs);
    isPenalised ||= drawnCounts !== undefined;
    isMasked ||= sampling.mask !== undefined;
  }
  const size = topSizes.find((each) => each >= top) ?? top;
  return {
    biases: biases === 0 ? 0 : Math.max(8, 2 ** Math.ceil(Math.log2(biases))),
    isPenalised,
    isMasked,
    top: Math.min(size, vocabulary),
  };
}

export const drawKey = ({ biases, isPenalised, isMasked, top }: DrawShape): string =>
  `${biases}${isPenalised ? 'p' : ''}${isMasked ? 'm' : ''}${top}`;

const isAdjusted = ({ biases, isPenalised, isMasked }: DrawShape): boolean => biases > 0 || isPenalised || isMasked;

/** The numbers that draws need, for the input of a step. */
export function drawParts({ biases, isPenalised, isMasked }: DrawShape, vocabulary: number): InputPart[] {
  const plain = [
    ints('counters'),
    ints('topK'),
    ints('seeds', 2),
    floats('temperature'),
    floats('topP'),
    floats('minP'),
  ];
  const penalties = isPenalised ? [ints('countLines'), floats('frequency'), floats('presence')] : [];
  const bias = biases > 0 ? [ints('biasIds', biases), { ...floats('biasValues'), width: biases }] : [];
  const mask = isMasked ? [ints('mask', Math.ceil(vocabulary / 32))] : [];
  return [...plain, ...penalties, ...bias, ...mask];
}

/** Writes the settings of a row; one without a sequence is greedy and counts nothing. */
export function fillDraw(input: StepInput, row: number, sequence: Drawing | undefined, counts: TokenCounts): void {
  const sampling = sequence?.sampling;
  input.set('counters', row, sequence?.generated ?? 0);
  input.set('topK', row, sampling?.topK ?? 0);
  for (const word of [0, 1]) input.set('seeds', row, sampling?.seed[word] ?? 0, word);
  input.set('temperature', row, sampling?.temperature ?? 0);
  input.set('topP', row, sampling?.topP ?? 1);
  input.set('minP', row, sampling?.minP ?? 0);
  if (input.has('countLines')) {
    input.set('countLines', row, sequence ? counts.lineOf(sequence) : -1);
    input.set('frequency', row, sampling?.frequencyPenalty ?? 0);
    input.set('presence', row, sampling?.presencePenalty ?? 0);
  }
  if (input.has('biasIds')) {
    input.row('biasIds', row).fill(-1);
    for (const [index, [token, value]] of [...(sampling?.logitBias ?? [])].entries()) {
      input.set('biasIds', row, token, index);
      input.set('biasValues', row, value, index);
    }
  }
  if (input.has('mask')) {
    const words = input.row('mask', row);
    if (sampling?.mask) words.set(sampling.mask);
    else words.fill(-1);
  }
}

/** Ids, then log-probabilities, then the alternatives' ids and log-probabilities of all rows, in one i32 array. */
export class DrawOutput {
  readonly tensor: Tensor;
  readonly values: Int32Array;
  readonly #floats: Float32Array;
  readonly #rows: number;
  readonly #top: number;

  constructor(rows: number, { top }: DrawShape) {
    this.#rows = rows;
    this.#top = top;
    this.values = new Int32Array(rows * (1 + (top > 0 ? 1 + 2 * top : 0)));
    this.#floats = new Float32Array(this.values.buffer);
    this.tensor = keep(empty([this.values.length], 'i32'));
  }

  get tokens(): Tensor {
    return this.tensor.slice(0, [this.#rows]);
  }

  get reports(): { logp: Tensor; topIds: Tensor; topLogp: Tensor } {
    const [rows, top] = [this.#rows, this.#top];
    const numbers = this.tensor.reinterpret('f32');
    return {
      logp: numbers.slice(rows, [rows]),
      topIds: this.tensor.slice(2 * rows, [rows, top]),
      topLogp: numbers.slice((2 + top) * rows, [rows, top]),
    };
  }

  /** What `values` say was drawn for the sequences of the first rows. */
  drawn(sequences: readonly Drawing[], vocabulary: number): Drawn[] {
    const [rows, most] = [this.#rows, this.#top];
    assertDrawn(this.values.subarray(0, sequences.length), vocabulary);
    return sequences.map(({ sampling }, row) => {
      const token = this.values[row] as number;
      if (sampling.topLogProbs === undefined) return { token };
      const top = Array.from({ length: Math.min(sampling.topLogProbs, most) }, (_, rank) => ({
        token: this.values[2 * rows + row * most + rank] as number,
        logProb: this.#floats[(2 + most) * rows + row * most + rank] as number,
      }));
      return { token, logProb: { token, logProb: this.#floats[rows + row] as number, top } };
    });
  }

  free(): void {
    this.tensor.free();
  }
}

/** Where draws of a shape are counted. */
export const countsFor = ({ isPenalised }: DrawShape, counts: TokenCounts): Tensor | undefined =>
  isPenalised ? counts.tensor : undefined;

/** The ops of a draw over logits [rows, V], which are changed: from the settings in `input` to the results in `output`. */
export function drawOps(
  logits: Tensor,
  shape: DrawShape,
  { input, output, counts }: { input: StepInput; output: DrawOutput; counts: Tensor | undefined },
): void {
  // Reported log-probabilities are the model's own, so a copy is kept where biases or penalties are about to be added.
  const own = shape.top > 0 && isAdjusted(shape) ? copied(logits) : logits;
  const lines = counts && input.on('countLines');
  if (isAdjusted(shape)) {
    logitsAdjust(logits, {
      ...(shape.biases > 0 && { bias: { ids: input.on('biasIds'), values: input.on('biasValues') } }),
      ...(lines && {
        penalties: {
          counts,
          slots: lines,
          frequency: input.on('frequency'),
          presence: input.on('presence'),
        },
      }),
      ...(shape.isMasked && { mask: input.on('mask') }),
    });
  }
  const settings = {
    temperature: input.on('temperature'),
    topP: input.on('topP'),
    minP: input.on('minP'),
    topK: input.on('topK'),
    seeds: input.on('seeds'),
    counters: input.on('counters'),
  };
  const { tokens } = output;
  sample(logits, settings, tokens);
  if (lines) tokenCountsAdd(counts, lines, tokens);
  if (shape.top === 0) return;
  const { logp, topIds, topLogp } = output.reports;
  logitsTopLogProbs(own, tokens, logp, topIds, topLogp);
}

/** Draws one token per row of logits [B, V] in a step that is not captured: the same ops, one copy there and one wait. */
export function drawOnDevice(logits: Tensor, sequences: readonly Drawing[], counts: TokenCounts): Drawn[] {
  const [rows, vocabulary] = logits.shape as [number, number];
  assert(rows === sequences.length, '[sampler] expected one row of logits per sequence');
  const shape = drawShapeOf(sequences, vocabulary);
  const input = new StepInput({ lines: rows, parts: drawParts(shape, vocabulary) });
  const output = new DrawOutput(rows, shape);
  try {
    for (const [row, sequence] of sequences.entries()) fillDraw(input, row, sequence, counts);
    input.tensor.write(input.values);
    scoped(() => drawOps(logits, shape, { input, output, counts: countsFor(shape, counts) }));
    output.tensor.readInto(output.values);
    return output.drawn(sequences, vocabulary);
  } finally {
    input.free();
    output.free();
  }
}

function copied(logits: Tensor): Tensor {
  const own = empty(logits.shape);
  copy(logits, own);
  return own;
}
