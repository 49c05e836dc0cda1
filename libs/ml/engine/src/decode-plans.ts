import type { CausalModel, KvCache } from '@hone/models';
import type { LoraStacks } from '@hone/nn';
import { deviceOfNewTensors, devices, measureCapture, PlanArena } from '@hone/tensor';
import { decodeInput, decodeOps, DecodePlan, type DecodeSequence, type DecodeShape } from './decode-plan.js';
import { DrawOutput, type DrawShape, drawKey, drawShapeOf, plainDraw } from './device-draw.js';
import { adapterRanges } from './runner.js';
import type { TokenCounts } from './token-counts.js';

export interface DecodePlanStats {
  /** Plans that were made so far, and those that are kept with their memory. */
  captured: number;
  plans: number;
  planBytes: number;
}

/**
 * Rows of a graph: 1, 2, 4, 8, then steps of 8 to 64 and of 16 from there on. A graph costs memory and the time of its capture, so
 * that a batch of any size finds one of few.
 */
export const bucketOf = (rows: number): number => {
  if (rows <= 8) return 2 ** Math.ceil(Math.log2(rows));
  const step = rows <= 64 ? 8 : 16;
  return Math.ceil(rows / step) * step;
};

/** Batches grow and shrink one sequence at a time, and each size is a plan: some hundred kilobytes per row. */
const plansMax = 24;
/** Graphs compute in one arena and cost what the driver keeps of them; as many as all buckets to 64 with and without adapters and their log-probabilities. */
const graphsMax = 64;
/** The width of block tables is rounded up to a power of two, so that a growing sequence meets few plans. */
const blocksMin = 8;

/**
 * The plans of decode steps. Where ops are run one by one there is one for each (sequences, width of the block table, adapters of
 * the rows) that came up, exact to the row; where a plan becomes a graph, one for each (bucket, width, with or without adapters, kind
 * of draw). The least recently used one makes room.
 */
export class DecodePlans {
  readonly #model: CausalModel;
  readonly #kv: KvCache;
  /** In the order of last use. */
  readonly #plans = new Map<string, DecodePlan>();
  readonly #numbers = new WeakMap<object, number>();
  readonly #stacks: LoraStacks | undefined;
  readonly #counts: TokenCounts;
  readonly #sequencesMax: number;
  /** Where graphs compute, which run one after the other. */
  readonly #arena: PlanArena | undefined;
  readonly #isBucketed = devices[deviceOfNewTensors()].isQueued;
  #builds = 0;
  #growths = 0;
  #adapters = 0;
  #captured = 0;

  /** `stacks`: where rows name their adapters when a plan runs. */
  constructor(
    model: CausalModel,
    kv: KvCache,
    { stacks, counts, sequencesMax }: { stacks: LoraStacks | undefined; counts: TokenCounts; sequencesMax: number },
  ) {
    this.#model = model;
    this.#kv = kv;
    this.#stacks = stacks;
    this.#counts = counts;
    this.#sequencesMax = sequencesMax;
    this.#arena = this.#isBucketed ? new PlanArena() : undefined;
  }

  get stats(): DecodePlanStats {
    let planBytes = this.#arena?.bytes ?? 0;
    for (const { bytes } of this.#plans.values()) planBytes += bytes;
    return { captured: this.#captured, plans: this.#plans.size, planBytes };
  }

  /** Whether plans draw by any settings: where ops are run one by one, by plain ones alone. */
  get drawsAll(): boolean {
    return this.#isBucketed;
  }

  /** The plan for one more token of each of these sequences; rows of one adapter are neighbours. */
  for(sequences: readonly DecodeSequence[]): DecodePlan {
    let width = blocksMin;
    for (const { blocks } of sequences) while (width < blocks.length) width *= 2;
    this.#forgetOldStacks();
    const hasAdapters = sequences.some(({ adapter }) => adapter !== undefined);
    const rows = this.#isBucketed ? bucketOf(sequences.length) : sequences.length;
    const adapters = this.#stacks ? (hasAdapters ? 'stacked' : 'base') : this.#signature(sequences);
    const draw = this.#isBucketed ? drawShapeOf(sequences, this.#model.shape.vocabSize) : plainDraw;
    const key = `${width}/${rows}/${drawKey(draw)}/${adapters}`;
    let plan = this.#plans.get(key);
    if (plan) this.#plans.delete(key);
    else {
      this.#makeRoom();
      plan = this.#make({
        rows,
        width,
        adapters: this.#stacks ? [] : adapterRanges(sequences.map((sequence) => ({ sequence, count: 1 }))),
        stacks: hasAdapters ? this.#stacks : undefined,
        draw,
      });
    }
    this.#plans.set(key, plan);
    return plan;
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

  #make(shape: DecodeShape): DecodePlan {
    if (this.#arena?.bytes === 0) this.#reserve(this.#arena, shape);
    const plan = new DecodePlan(this.#model, this.#kv, shape, { counts: this.#counts, arena: this.#arena });
    this.#captured++;
    if (this.#arena && this.#growths !== this.#arena.growths) {
      // What was captured before computes where the arena was: made anew when it comes up, it shares again.
      this.#growths = this.#arena.growths;
      for (const [key, old] of this.#plans) this.#drop(key, old);
    }
    return plan;
  }

  /** The largest bucket first: all others then fit into its memory. */
  #reserve(arena: PlanArena, { width, adapters, stacks }: DecodeShape): void {
    const draw: DrawShape = { ...plainDraw, top: 1 };
    const shape = { rows: bucketOf(this.#sequencesMax), width, adapters, stacks, draw };
    const input = decodeInput(this.#model, shape);
    const output = new DrawOutput(shape.rows, draw);
    try {
      const ends = { input, output, counts: this.#counts };
      const needed = measureCapture(() => decodeOps(this.#model, this.#kv, shape, ends));
      for (const [dtype, elements] of needed) arena.take(dtype, elements);
    } finally {
      input.free();
      output.free();
    }
  }

  /** Stacks that were laid out anew lie elsewhere. */
  #forgetOldStacks(): void {
    if (!this.#stacks || this.#builds === this.#stacks.builds) return;
    this.#builds = this.#stacks.builds;
    for (const [key, plan] of this.#plans) if (plan.shape.stacks) this.#drop(key, plan);
  }

  #makeRoom(): void {
    if (this.#plans.size < (this.#isBucketed ? graphsMax : plansMax)) return;
    for (const [key, plan] of this.#plans) return this.#drop(key, plan);
  }

  #drop(key: string, plan: DecodePlan): void {
    plan.free();
    this.#plans.delete(key);
  }

  /** One mark per row: two signatures are equal when the rows and their adapters are. */
  #signature(sequences: readonly DecodeSequence[]): string {
    let signature = '';
    for (const { adapter } of sequences) signature += adapter ? `${this.#numberOf(adapter.lora)},` : '-';
    return signature;
  }

  #numberOf(adapter: object): number {
    let number = this.#numbers.get(adapter);
    if (number === undefined) this.#numbers.set(adapter, (number = this.#adapters++));
    return number;
  }
}
