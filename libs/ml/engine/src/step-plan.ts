import type { AdapterRows, CausalModel, KvCache } from '@hone/models';
import type { LoraPages } from '@hone/nn';
import { bytesOf, capture, type CapturedPlan, type PlanArena, type Tensor } from '@hone/tensor';
import { countsFor, DrawOutput, drawOps, drawParts, type DrawShape, fillDraw } from './device-draw.js';
import { type EngineAdapter, layOutRows, type RowNumbers, type WantedRows } from './runner.js';
import type { Drawing, Drawn } from './sampler.js';
import type { PlannedRows } from './scheduler.js';
import { ints, StepInput } from './step-input.js';
import type { TokenCounts } from './token-counts.js';

/** The rows of a step, which lie by adapter, and those whose logits are wanted: none of them scored. */
export interface StepRowsToRun {
  readonly planned: readonly PlannedRows<EngineAdapter>[];
  readonly wanted: WantedRows;
}

/** What is fixed in a plan; everything else comes with each run. */
export interface StepShape {
  /** At least as many as the step's; the rows behind them write nowhere, and nobody reads what they compute. */
  readonly rows: number;
  /**
   * Lines of the block table, at least one for each sequence: as many as rows where each sequence has one row, which is a step that
   * decodes, and fewer where chunks of prompts are among them. The kernels of attention look for chunks in the latter alone.
   */
  readonly sequences: number;
  /** At least as many as tokens are drawn. */
  readonly logitRows: number;
  /** Blocks of a sequence. */
  readonly width: number;
  /** The adapter of each row, where it is fixed. */
  readonly adapters: readonly AdapterRows[];
  /** The adapters that rows name when the plan runs. */
  readonly loraPages: LoraPages | undefined;
  readonly draw: DrawShape;
}

/** What the plans of an engine share. */
export interface PlanMemory {
  readonly counts: TokenCounts;
  /** Where all of them compute; each has a memory of its own when absent. */
  readonly arena: PlanArena | undefined;
}

/**
 * One step, from the tokens' embeddings to the drawn ids, for a shape: chunks of prompts and rows that decode in any mix. What differs from
 * step to step comes in one array, and one native call runs it all.
 */
export class StepPlan {
  readonly shape: StepShape;
  readonly #pageSize: number;
  readonly #vocabulary: number;
  readonly #counts: TokenCounts;
  readonly #input: StepInput;
  readonly #numbers: RowNumbers;
  readonly #output: DrawOutput;
  readonly #captured: CapturedPlan<{ logits: Tensor }>;

  constructor(model: CausalModel, kv: KvCache, shape: StepShape, { counts, arena }: PlanMemory) {
    this.shape = shape;
    this.#pageSize = kv.pageSize;
    this.#vocabulary = model.shape.vocabSize;
    this.#counts = counts;
    this.#input = stepInput(model, shape);
    this.#numbers = numbersOf(this.#input);
    this.#output = new DrawOutput(shape.logitRows, shape.draw);
    const [input, output] = [this.#input, this.#output];
    const ends = { input, output, counts: countsFor(shape.draw, counts) };
    try {
      const body = () => stepOps(model, kv, shape, ends);
      this.#captured = capture(body, { input: input.tensor, output: output.tensor, arena });
    } catch (error) {
      this.#input.free();
      this.#output.free();
      throw error;
    }
  }

  /** Memory of its own. */
  get bytes(): number {
    return this.#captured.bytes + bytesOf(this.#input.tensor) + bytesOf(this.#output.tensor);
  }

  uses(adapter: object): boolean {
    return this.shape.adapters.some((rows) => rows.adapter === adapter);
  }

  /** On a card the first run queues the ops one by one, and their graph is made while it computes them; every other launches that. */
  run(step: StepRowsToRun): void {
    this.#fill(step);
    // Nobody waits for a step that draws nothing: the next one is laid out while the device computes it.
    const isSilent = step.wanted.draws.length === 0;
    this.#captured.run(this.#input.values, isSilent ? undefined : this.#output.values);
  }

  /** Logits [count, V] of the first draws of the last run, valid until the next run of a plan. */
  logits(count: number): Tensor {
    return this.#captured.results.logits.rows(0, count);
  }

  /** What the last run drew for the same sequences. */
  drawn(draws: readonly Drawing[]): Drawn[] {
    return this.#output.drawn(draws, this.#vocabulary);
  }

  free(): void {
    this.#captured.free();
    this.#input.free();
    this.#output.free();
  }

  #fill({ planned, wanted }: StepRowsToRun): void {
    const { width: blocksPerSequence, logitRows, loraPages } = this.shape;
    const [input, numbers] = [this.#input, this.#numbers];
    const rows = layOutRows(planned, { pageSize: this.#pageSize, blocksPerSequence }, numbers);
    // The rows behind look at the first token of the first sequence, which always holds numbers, and as no row goes on where another
    // stops, they are no chunk. What lies behind the blocks of a sequence in the table is never read.
    for (const each of [numbers.ids, numbers.positions, numbers.rowSequence]) each.fill(0, rows);
    numbers.slots.fill(-1, rows);
    if (loraPages) fillPlaces(input.all('adapterSlots'), planned, loraPages);
    const { draws, drawRows } = wanted;
    const rowOfDraw = input.all('logitRows');
    rowOfDraw.set(drawRows);
    rowOfDraw.fill(0, drawRows.length);
    for (let line = 0; line < logitRows; line++) fillDraw(input, line, draws[line], this.#counts);
  }
}

function fillPlaces(places: Int32Array, planned: StepRowsToRun['planned'], loraPages: LoraPages): void {
  let row = 0;
  for (const { sequence, count } of planned) {
    const { adapter } = sequence;
    places.fill(adapter ? loraPages.placeOf(adapter.lora) : -1, row, row + count);
    row += count;
  }
  places.fill(-1, row);
}

export function stepInput(model: CausalModel, { rows, sequences, logitRows, width, draw }: StepShape): StepInput {
  const rowParts = ['ids', 'positions', 'slots', 'rowSequence', 'adapterSlots'].map((name) => ints(name));
  return new StepInput(
    { lines: rows, parts: rowParts },
    { lines: sequences, parts: [ints('blocks', width)] },
    { lines: logitRows, parts: [ints('logitRows'), ...drawParts(draw, model.shape.vocabSize)] },
  );
}

const numbersOf = (input: StepInput): RowNumbers => ({
  ids: input.all('ids'),
  positions: input.all('positions'),
  rowSequence: input.all('rowSequence'),
  slots: input.all('slots'),
  blockTable: input.all('blocks'),
});

/** The ops of a step of a shape; what a capture of it would take is known from them too. */
export function stepOps(
  model: CausalModel,
  kv: KvCache,
  { adapters, loraPages, draw }: StepShape,
  ends: { input: StepInput; output: DrawOutput; counts: Tensor | undefined },
): { logits: Tensor } {
  const { input } = ends;
  const positions = input.on('positions');
  const rows = {
    ids: input.on('ids'),
    positions,
    rowPosition: positions,
    slots: input.on('slots'),
    rowSequence: input.on('rowSequence'),
    logitRows: input.on('logitRows'),
    adapterSlots: loraPages && input.on('adapterSlots'),
    blockTable: input.on('blocks'),
  };
  const logits = model.stepOn(rows, kv, { adapters, loraPages });
  drawOps(logits, draw, ends);
  return { logits };
}
