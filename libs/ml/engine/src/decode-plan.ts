import type { AdapterRows, CausalModel, KvCache } from '@hone/models';
import type { LoraStacks } from '@hone/nn';
import {
  bytesOf,
  capture,
  type CapturedPlan,
  deviceOfNewTensors,
  devices,
  type PlanArena,
  type Tensor,
} from '@hone/tensor';
import { DrawOutput, drawOps, drawParts, type DrawShape, fillDraw } from './device-draw.js';
import type { EngineAdapter } from './runner.js';
import type { Drawn } from './sampler.js';
import type { SamplingSettings } from './sampling-settings.js';
import type { Sequence } from './sequence.js';
import { type InputPart, ints, StepInput } from './step-input.js';
import type { TokenCounts } from './token-counts.js';

export type DecodeSequence = Sequence<EngineAdapter> & { readonly sampling: SamplingSettings };

/** What is fixed in a plan; everything else comes with each run. */
export interface DecodeShape {
  /** At least as many as sequences; the rows behind them write nowhere, and nobody reads what they draw. */
  readonly rows: number;
  /** Blocks of a sequence. */
  readonly width: number;
  /** The adapter of each row, where it is fixed. */
  readonly adapters: readonly AdapterRows[];
  /** The adapters that rows name when the plan runs. */
  readonly stacks: LoraStacks | undefined;
  readonly draw: DrawShape;
}

/** What the plans of an engine share. */
export interface PlanMemory {
  readonly counts: TokenCounts;
  /** Where all of them compute; each has a memory of its own when absent. */
  readonly arena: PlanArena | undefined;
}

/** The numbers of a row of a step. */
const rowParts = (width: number): InputPart[] => [
  ...['ids', 'positions', 'slots', 'rowSequence', 'logitRows', 'adapterSlots'].map((name) => ints(name)),
  ints('blocks', width),
];

/**
 * One decode step, from the tokens' embeddings to the drawn ids, for a shape. What differs from step to step comes in one array, and
 * one native call runs it all.
 */
export class DecodePlan {
  readonly shape: DecodeShape;
  readonly #pageSize: number;
  readonly #vocabulary: number;
  readonly #counts: TokenCounts;
  readonly #input: StepInput;
  readonly #output: DrawOutput;
  readonly #captured: CapturedPlan<{ logits: Tensor }>;

  constructor(model: CausalModel, kv: KvCache, shape: DecodeShape, { counts, arena }: PlanMemory) {
    this.shape = shape;
    this.#pageSize = kv.pageSize;
    this.#vocabulary = model.shape.vocabSize;
    this.#counts = counts;
    this.#input = decodeInput(model, shape);
    this.#output = new DrawOutput(shape.rows, shape.draw);
    const ends = { input: this.#input.tensor, output: this.#output.tensor, arena };
    try {
      this.#captured = capture(() => decodeOps(model, kv, shape, this.#ends), ends);
    } catch (error) {
      this.#input.free();
      this.#output.free();
      throw error;
    }
    for (let row = 0; row < shape.rows; row++) {
      this.#input.set('rowSequence', row, row);
      this.#input.set('logitRows', row, row);
    }
    if (devices[deviceOfNewTensors()].isQueued) this.#warm();
  }

  /** Memory of its own. */
  get bytes(): number {
    return this.#captured.bytes + bytesOf(this.#input.tensor) + bytesOf(this.#output.tensor);
  }

  uses(adapter: object): boolean {
    return this.shape.adapters.some((rows) => rows.adapter === adapter);
  }

  /** Logits [sequences, V], valid until the next run of a plan. */
  run(sequences: readonly DecodeSequence[]): Tensor {
    this.#fill(sequences);
    this.#captured.run(this.#input.values, this.#output.values);
    return this.#captured.results.logits.rows(0, sequences.length);
  }

  /** What the last run drew for the same sequences. */
  drawn(sequences: readonly DecodeSequence[]): Drawn[] {
    return this.#output.drawn(sequences, this.#vocabulary);
  }

  free(): void {
    this.#captured.free();
    this.#input.free();
    this.#output.free();
  }

  get #ends() {
    return { input: this.#input, output: this.#output, counts: this.#counts };
  }

  /**
   * A run without a sequence: it writes and counts nothing, brings the kernels and their workspace to the card, and leaves the graph
   * that every step launches.
   */
  #warm(): void {
    this.#fill([]);
    this.#captured.run(this.#input.values);
  }

  #fill(sequences: readonly DecodeSequence[]): void {
    const [input, pageSize, { stacks, rows }] = [this.#input, this.#pageSize, this.shape];
    for (let row = 0; row < rows; row++) {
      const sequence = sequences[row];
      const { blocks = [], computed = 0, adapter } = sequence ?? {};
      const block = blocks[Math.floor(computed / pageSize)] as number;
      input.set('ids', row, sequence?.tokens[computed] ?? 0);
      input.set('positions', row, computed);
      input.set('slots', row, sequence ? block * pageSize + (computed % pageSize) : -1);
      input.set('adapterSlots', row, adapter && stacks ? stacks.placeOf(adapter.lora) : -1);
      // A row without a sequence looks at the first token of block 0, which always holds numbers. What lies behind the blocks of a
      // sequence is never read.
      const table = input.row('blocks', row);
      if (sequence) table.set(blocks);
      else table[0] = 0;
      fillDraw(input, row, sequence, this.#counts);
    }
  }
}

export const decodeInput = (model: CausalModel, { rows, width, draw }: DecodeShape): StepInput =>
  new StepInput(rows, [...rowParts(width), ...drawParts(draw, model.shape.vocabSize)]);

/** The ops of a decode step of a shape; what a capture of it would take is known from them too. */
export function decodeOps(
  model: CausalModel,
  kv: KvCache,
  { adapters, stacks, draw }: DecodeShape,
  ends: { input: StepInput; output: DrawOutput; counts: TokenCounts },
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
    adapterSlots: stacks && input.on('adapterSlots'),
    blockTable: input.on('blocks'),
  };
  const logits = model.stepOn(rows, kv, { adapters, stacks });
  drawOps(logits, draw, ends);
  return { logits };
}
