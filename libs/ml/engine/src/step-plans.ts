import type { CausalModel, KvCache } from '@hone/models';
import type { LoraPages } from '@hone/nn';
import { deviceOfNewTensors, devices, measureCapture, PlanArena } from '@hone/tensor';
import { DrawOutput, type DrawShape, drawKey, drawShapeOf, plainDraw } from './device-draw.js';
import { adapterRanges, rowsOf } from './runner.js';
import { stepInput, stepOps, StepPlan, type StepRowsToRun, type StepShape } from './step-plan.js';
import type { TokenCounts } from './token-counts.js';

export interface StepPlanStats {
  /** Plans that were made so far, and those that are kept with their memory. */
  captured: number;
  plans: number;
  planBytes: number;
}

/**
 * Why no plan ran a step: prompts where plans are exact to the row; log-probabilities of given tokens, which are of any number and read
 * by themselves; more rows than pay; rows of prompts whose adapters would be fixed in the plan.
 */
export type NotPlanned = 'prompts' | 'scored' | 'large' | 'adapters';

/**
 * Rows of a graph: 1, 2, 4, 8, then steps of 8 to 64, of 16 to 256, of 64 to 512 and of 128 from there on, which is a quarter of the rows
 * too many at most once there are 32. A graph costs memory and the time of its capture, so that a batch of any size finds one of few. The
 * kernels for few rows end at 32, 64 and 256 rows, and so do buckets: a padded step is computed by the kernels of its own size.
 */
export const bucketOf = (rows: number): number => {
  if (rows <= 8) return powerFrom(rows);
  const step = rows <= 64 ? 8 : rows <= 256 ? 16 : rows <= 512 ? 64 : 128;
  return Math.ceil(rows / step) * step;
};

const powerFrom = (count: number): number => 2 ** Math.ceil(Math.log2(Math.max(1, count)));

/**
 * Steps of more rows are composed. By calculation, not measured: a step of 1 B parameters has some 350 launches of 4 us, 1.4 ms, and 1024 of
 * its rows are 2.2e12 operations, 3 ms at 700e12 a second, behind which the launches hide. The graph would save nothing there, and its
 * arena grows with the rows.
 */
const graphRowsMax = 1024;
/** Batches grow and shrink one sequence at a time, and each size is a plan: some hundred kilobytes per row. */
const plansMax = 24;
/** Graphs compute in one arena and cost what the driver keeps of them: as many as all buckets to 1024 with and without adapters, and as many again. */
const graphsMax = 128;
/** The width of block tables is rounded up to a power of two, so that a growing sequence meets few plans. */
const blocksMin = 8;

export interface StepPlansOptions {
  /** Where rows name their adapters when a plan runs. */
  readonly loraPages: LoraPages | undefined;
  readonly counts: TokenCounts;
  readonly sequencesMax: number;
  readonly stepTokensMax: number;
}

/**
 * The plans of steps. Where ops are run one by one there is one for each (sequences, width of the block table, adapters of the rows)
 * in which every sequence draws a token, exact to the row; where a plan becomes a graph, one for each (rows, sequences, draws, width, with or
 * without adapters, kind of draw), rounded up, for prompts and decodes in any mix. The least recently used one makes room.
 */
export class StepPlans {
  readonly #model: CausalModel;
  readonly #kv: KvCache;
  /** In the order of last use. */
  readonly #plans = new Map<string, StepPlan>();
  readonly #numbers = new WeakMap<object, number>();
  readonly #loraPages: LoraPages | undefined;
  readonly #counts: TokenCounts;
  readonly #sequencesMax: number;
  readonly #rowsMax: number;
  /** Where graphs compute, which run one after the other. */
  readonly #arena: PlanArena | undefined;
  readonly #isBucketed = devices[deviceOfNewTensors()].isQueued;
  #builds = 0;
  #growths = 0;
  #adapters = 0;
  #captured = 0;

  constructor(model: CausalModel, kv: KvCache, { loraPages, counts, sequencesMax, stepTokensMax }: StepPlansOptions) {
    this.#model = model;
    this.#kv = kv;
    this.#loraPages = loraPages;
    this.#counts = counts;
    this.#sequencesMax = sequencesMax;
    this.#rowsMax = Math.min(stepTokensMax, graphRowsMax);
    this.#arena = this.#isBucketed ? new PlanArena() : undefined;
  }

  get stats(): StepPlanStats {
    let planBytes = this.#arena?.bytes ?? 0;
    for (const { bytes } of this.#plans.values()) planBytes += bytes;
    return { captured: this.#captured, plans: this.#plans.size, planBytes };
  }

  /** Whether plans draw by any settings: where ops are run one by one, by plain ones alone. */
  get drawsAll(): boolean {
    return this.#isBucketed;
  }

  /** The plan for a step, or why it has none. */
  for(step: StepRowsToRun): StepPlan | NotPlanned {
    const { planned, wanted } = step;
    const rows = rowsOf(planned);
    if (wanted.scores.length > 0) return 'scored';
    const isDecode = rows === planned.length && wanted.draws.length === rows;
    if (!this.#isBucketed && !isDecode) return 'prompts';
    const hasAdapters = planned.some(({ sequence }) => sequence.adapter !== undefined);
    if (!isDecode && hasAdapters && !this.#loraPages) return 'adapters';
    if (rows > this.#rowsMax) return 'large';
    this.#forgetOldLaunches();
    const loraPages = hasAdapters ? this.#loraPages : undefined;
    const draw = this.#isBucketed ? drawShapeOf(wanted.draws, this.#model.shape.vocabSize) : plainDraw;
    const size = this.#sizeOf(step, rows);
    const adapters = this.#loraPages ? (loraPages ? 'paged' : 'base') : this.#signature(planned);
    return this.#planOf(`${Object.values(size).join('/')}/${drawKey(draw)}/${adapters}`, () => ({
      ...size,
      adapters: this.#loraPages ? [] : adapterRanges(planned),
      loraPages,
      draw,
    }));
  }

  /** Plans keep the memory of what they use: those with an adapter that is freed must go. */
  forget(adapter: object): void {
    for (const [key, plan] of this.#plans) {
      if (plan.uses(adapter)) this.#drop(key, plan);
    }
  }

  free(): void {
    for (const [key, plan] of this.#plans) this.#drop(key, plan);
    this.#arena?.free();
  }

  #sizeOf(
    { planned, wanted }: StepRowsToRun,
    rows: number,
  ): Pick<StepShape, 'rows' | 'sequences' | 'logitRows' | 'width'> {
    let width = blocksMin;
    for (const { sequence } of planned) while (width < sequence.blocks.length) width *= 2;
    if (!this.#isBucketed) return { rows, sequences: rows, logitRows: rows, width };
    const bucket = Math.min(bucketOf(rows), this.#rowsMax);
    if (rows === planned.length) return { rows: bucket, sequences: bucket, logitRows: bucket, width };
    const logitRows = Math.min(powerFrom(wanted.draws.length), bucketOf(this.#sequencesMax));
    // One sequence, as a rule, has a prompt that goes on in the next step.
    const lines = planned.length <= logitRows + 1 ? logitRows + 1 : powerFrom(planned.length);
    return { rows: bucket, sequences: Math.min(lines, bucket - 1), logitRows, width };
  }

  #planOf(key: string, shape: () => StepShape): StepPlan {
    const known = this.#plans.get(key);
    if (known) this.#plans.delete(key);
    else this.#makeRoom();
    const plan = known ?? this.#make(shape());
    this.#plans.set(key, plan);
    return plan;
  }

  #make(shape: StepShape): StepPlan {
    if (this.#arena?.bytes === 0) this.#reserve(this.#arena, shape);
    const plan = new StepPlan(this.#model, this.#kv, shape, { counts: this.#counts, arena: this.#arena });
    this.#captured++;
    if (this.#arena && this.#growths !== this.#arena.growths) {
      // What was captured before computes where the arena was: made anew when it comes up, it shares again.
      this.#growths = this.#arena.growths;
      for (const [key, old] of this.#plans) this.#drop(key, old);
    }
    return plan;
  }

  /** The largest step first, with the draw that takes most, which changes a copy of the logits: all others then fit into its memory. */
  #reserve(arena: PlanArena, { width, adapters, loraPages }: StepShape): void {
    const [rows, logitRows] = [Math.min(bucketOf(this.#rowsMax), this.#rowsMax), bucketOf(this.#sequencesMax)];
    const draw: DrawShape = { ...plainDraw, biases: 1, top: 1 };
    const shape = { rows, sequences: logitRows, logitRows, width, adapters, loraPages, draw };
    const input = stepInput(this.#model, shape);
    const output = new DrawOutput(logitRows, draw);
    try {
      const ends = { input, output, counts: undefined };
      const needed = measureCapture(() => stepOps(this.#model, this.#kv, shape, ends));
      for (const [dtype, elements] of needed) arena.take(dtype, elements);
    } finally {
      input.free();
      output.free();
    }
  }

  /** A larger rank wants larger launches, another module one more. */
  #forgetOldLaunches(): void {
    if (!this.#loraPages || this.#builds === this.#loraPages.builds) return;
    this.#builds = this.#loraPages.builds;
    for (const [key, plan] of this.#plans) if (plan.shape.loraPages) this.#drop(key, plan);
  }

  #makeRoom(): void {
    if (this.#plans.size < (this.#isBucketed ? graphsMax : plansMax)) return;
    for (const [key, plan] of this.#plans) return this.#drop(key, plan);
  }

  #drop(key: string, plan: StepPlan): void {
    plan.free();
    this.#plans.delete(key);
  }

  /** One mark per row: two signatures are equal when the rows and their adapters are. */
  #signature(planned: StepRowsToRun['planned']): string {
    let signature = '';
    for (const { sequence } of planned)
      signature += sequence.adapter ? `${this.#numberOf(sequence.adapter.lora)},` : '-';
    return signature;
  }

  #numberOf(adapter: object): number {
    let number = this.#numbers.get(adapter);
    if (number === undefined) this.#numbers.set(adapter, (number = this.#adapters++));
    return number;
  }
}
