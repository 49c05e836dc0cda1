import { assert, HoneError, refusal } from '@hone/base';
import type { CausalModel, KvCache } from '@hone/models';
import { BlockManager } from './block-manager.js';
import { type LoraAdapter, LoraPages, type PagedAdapter } from '@hone/nn';
import type { Tensor } from '@hone/tensor';
import { AdapterPages } from './adapter-pages.js';
import { drawOnDevice } from './device-draw.js';
import { adapterPagesMax, poolDemand, shortBecause } from './page-pool.js';
import { type EngineAdapter, orderedByAdapter, runStep, wantedRows, type WantedRows } from './runner.js';
import { type Drawing, type Drawn, drawTokens, isPlainDraw, logProbsOf, type TokenLogProb } from './sampler.js';
import { Scheduler, type SchedulerLimits } from './scheduler.js';
import { Sequence, type SequenceOptions } from './sequence.js';
import type { StepPlan, StepRowsToRun } from './step-plan.js';
import { type NotPlanned, StepPlans, type StepPlanStats } from './step-plans.js';
import { TokenCounts } from './token-counts.js';

export interface EngineOptions extends Partial<SchedulerLimits> {
  /** Tokens per block of the key-value cache. */
  blockSize?: number;
  /** Memory for keys and values. */
  kvBytesMax?: number;
  /** Adapters in memory beside the base; default 16. 0 = none, and the whole pool of pages is for sequences. */
  adaptersMax?: number;
  /** false = every step is composed anew, as the proof that a replayed one gives the same bits needs it. */
  isCaptured?: boolean;
  /** Told once, with the reason, where steps have to be composed anew although they were to be captured. */
  composed?: (why: string) => void;
}

export type Ending = 'stop' | 'length' | 'scored';

/** What one step did to one sequence. */
export interface SequenceOutput {
  sequence: Sequence<EngineAdapter>;
  /** Given tokens whose log-probability is now known, in order. */
  scored: TokenLogProb[];
  token?: number;
  logProb?: TokenLogProb;
  /** Set when the sequence has ended; its blocks are free already. */
  ending?: Ending;
}

export interface EngineStats {
  running: number;
  waiting: number;
  blocks: number;
  /** Without what can be handed out at once: remembered blocks and those of idle adapters. */
  blocksUsed: number;
  /** Blocks of adapters, in use or not. */
  blocksOfAdapters: number;
  preemptions: number;
  promptTokensComputed: number;
  promptTokensReused: number;
  steps: number;
  /** Steps that a plan ran, and those whose ops were run one by one, by the reason. */
  stepsReplayed: number;
  stepsComposed: Readonly<Record<ComposedReason, number>>;
  stepPlans: StepPlanStats;
}

/** Beside what plans are not made for: nothing is captured here, because nobody wants it, or because the model's steps cannot be. */
export type ComposedReason = NotPlanned | 'unwanted' | 'uncapturable';

const mebibyte = 2 ** 20;
/** Logits of a step stay below this many numbers (64 MiB) even when whole prompts are scored over a large vocabulary. */
const logitNumbersMax = 16 * mebibyte;

/** One model in one weight format with its cache and its queue. Token ids in, token ids out; text is the caller's. */
export class Engine {
  readonly model: CausalModel;
  readonly limits: SchedulerLimits;
  readonly #kv: KvCache;
  readonly #blocks: BlockManager;
  readonly #scheduler: Scheduler<EngineAdapter>;
  readonly #plans: StepPlans;
  /** Where adapters lie on a device that works through a queue. */
  readonly adapterPages: AdapterPages | undefined;
  readonly #counts: TokenCounts;
  readonly #composed: ((why: string) => void) | undefined;
  /** Why no step is captured at all. */
  #composedAll: ComposedReason | undefined;
  readonly #stepsComposed = { prompts: 0, scored: 0, large: 0, adapters: 0, unwanted: 0, uncapturable: 0 };
  #stepsReplayed = 0;
  #arrivals = 0;
  #promptTokensComputed = 0;
  #promptTokensReused = 0;
  #steps = 0;

  constructor(model: CausalModel, options: EngineOptions = {}) {
    const { blockSize = 16, kvBytesMax = 256 * mebibyte, sequencesMax = 64, stepTokensMax = 512 } = options;
    this.model = model;
    const logitRowsMax = options.logitRowsMax ?? Math.min(1024, Math.floor(logitNumbersMax / model.shape.vocabSize));
    this.limits = {
      sequencesMax,
      stepTokensMax: Math.max(stepTokensMax, sequencesMax),
      logitRowsMax: Math.max(logitRowsMax, sequencesMax),
    };
    const { adaptersMax = 16 } = options;
    const demand = poolDemand(model, { blockSize, sequencesMax, adaptersMax });
    const blocks = Math.min(demand.most, Math.floor(kvBytesMax / model.kvBytesPerPage(blockSize)));
    if (blocks < 1) {
      const message = `[engine] expected kvBytesMax of at least ${model.kvBytesPerPage(blockSize)} but received ${kvBytesMax}`;
      throw refusal('cache_too_small', `${message}; fix: give the key-value cache more memory`);
    }
    this.#kv = model.newKvCache(blocks, blockSize);
    this.#blocks = new BlockManager(blocks, blockSize, adapterPagesMax(blocks, demand));
    this.#scheduler = new Scheduler(this.limits, this.#blocks);
    if (demand.perAdapter > 0) {
      const lora = new LoraPages(adaptersMax, model.moduleLayers, this.#kv);
      this.adapterPages = new AdapterPages(lora, this.#blocks, () => this.#scheduler.preemptYoungest());
    }
    this.#counts = new TokenCounts(sequencesMax, model.shape.vocabSize);
    const planned = { sequencesMax, stepTokensMax: this.limits.stepTokensMax };
    this.#plans = new StepPlans(model, this.#kv, {
      loraPages: this.adapterPages?.lora,
      counts: this.#counts,
      ...planned,
    });
    this.#composedAll = options.isCaptured === false ? 'unwanted' : undefined;
    this.#composed = options.composed;
  }

  get isIdle(): boolean {
    return this.#scheduler.isIdle;
  }

  get waiting(): readonly Sequence<EngineAdapter>[] {
    return this.#scheduler.waiting;
  }

  get kvBytes(): number {
    return this.#kv.bytes;
  }

  get stats(): EngineStats {
    return {
      running: this.#scheduler.running.length,
      waiting: this.#scheduler.waiting.length,
      blocks: this.#blocks.blocks,
      blocksUsed: this.#blocks.used,
      blocksOfAdapters: this.#blocks.leased,
      preemptions: this.#scheduler.preemptions,
      promptTokensComputed: this.#promptTokensComputed,
      promptTokensReused: this.#promptTokensReused,
      steps: this.#steps,
      stepsReplayed: this.#stepsReplayed,
      stepsComposed: { ...this.#stepsComposed },
      stepPlans: this.#plans.stats,
    };
  }

  /** Prompt tokens that have passed through the model, reused ones left out. */
  get promptTokensComputed(): number {
    return this.#promptTokensComputed;
  }

  /** The longest sequence, prompt and answer together, that can run here. */
  get lengthMax(): number {
    return Math.min(this.model.shape.maxPositions, this.#blocks.sequenceBlocksMax * this.#blocks.blockSize);
  }

  /** Why that is less than the model's positions; undefined where it is not. */
  get shortBecause(): string | undefined {
    if (this.lengthMax === this.model.shape.maxPositions) return undefined;
    return shortBecause(this.#blocks.blocks, this.#blocks.adapterBlocksMax, this.#blocks.blockSize);
  }

  /** Queues a sequence. One that has nothing to compute is for the caller to answer. */
  submit(options: Omit<SequenceOptions<EngineAdapter>, 'id'>): Sequence<EngineAdapter> {
    const sequence = new Sequence<EngineAdapter>({ ...options, id: this.#arrivals++ });
    assert(sequence.target > 0, '[engine] a sequence with nothing to compute was submitted');
    this.#scheduler.add(sequence);
    return sequence;
  }

  /** Ends a sequence now; its blocks can be given to others in the next step. */
  abort(sequence: Sequence<EngineAdapter>): void {
    this.#scheduler.finish(sequence);
  }

  /** One pass of the model over the next rows. */
  step(): SequenceOutput[] {
    const planned = this.#scheduler.plan();
    assert(planned.length > 0 || this.isIdle, '[engine] sequences wait but none can run');
    if (planned.length === 0) return [];
    this.#steps++;
    for (const { sequence, start, count } of planned) {
      if (sequence.reused > 0 && start === sequence.reused) this.#promptTokensReused += sequence.reused;
      this.#promptTokensComputed += Math.max(0, Math.min(start + count, sequence.promptLength) - start);
    }
    const ordered = orderedByAdapter(planned);
    const outputs = this.#run({ planned: ordered, wanted: wantedRows(ordered) });
    this.#scheduler.advance(planned);
    for (const output of outputs) this.#settle(output);
    return outputs;
  }

  /** Rows of an adapter that is about to be freed will not come again. */
  forget(adapter: LoraAdapter | PagedAdapter): void {
    this.#plans.forget(adapter);
    this.adapterPages?.remove(adapter);
  }

  free(): void {
    for (const sequence of [...this.#scheduler.running, ...this.#scheduler.waiting]) this.#scheduler.finish(sequence);
    this.#plans.free();
    this.adapterPages?.free();
    this.#counts.free();
    this.#kv.free();
  }

  /** The model over the rows of a step, and its draws: replayed where there is a plan for it, else composed op by op. */
  #run(step: StepRowsToRun): SequenceOutput[] {
    const plan = this.#planFor(step);
    const { draws } = step.wanted;
    if (typeof plan === 'string') {
      this.#stepsComposed[plan]++;
      const logits = runStep(this.model, this.#kv, step, this.adapterPages?.lora);
      return logits ? [...this.#read(logits, step.wanted).values()] : [];
    }
    plan.run(step);
    this.#stepsReplayed++;
    if (draws.length === 0) return [];
    const isDrawn = this.#plans.drawsAll || draws.every(isPlainDraw);
    const drawn = isDrawn ? plan.drawn(draws) : drawTokens(plan.logits(draws.length), draws);
    return draws.map((sequence, row) => ({ sequence, scored: [], ...(drawn[row] as Drawn) }));
  }

  /** The draws of a step that came from no plan. */
  #draw(logits: Tensor, sequences: readonly Sequence[]): Drawn[] {
    if (!this.#plans.drawsAll) return drawTokens(logits, sequences);
    return drawOnDevice(logits, sequences as readonly Drawing[], this.#counts);
  }

  /** No plan, from then on, for a model whose steps depend on values that TypeScript reads. */
  #planFor(step: StepRowsToRun): StepPlan | ComposedReason {
    if (this.#composedAll) return this.#composedAll;
    try {
      return this.#plans.for(step);
    } catch (thrown) {
      if (!(thrown instanceof HoneError) || thrown.code !== 'not_capturable') throw thrown;
      this.#composed?.(thrown.message);
      return (this.#composedAll = 'uncapturable');
    }
  }

  #read(logits: Tensor, { draws, scores }: WantedRows): Map<Sequence<EngineAdapter>, SequenceOutput> {
    const outputs = new Map<Sequence<EngineAdapter>, SequenceOutput>();
    const outputOf = (sequence: Sequence<EngineAdapter>): SequenceOutput => {
      const known = outputs.get(sequence);
      if (known) return known;
      const output: SequenceOutput = { sequence, scored: [] };
      outputs.set(sequence, output);
      return output;
    };
    if (scores.length > 0) {
      const targets = Int32Array.from(scores, ({ target }) => target);
      const tops = scores.map(({ sequence }) => sequence.scoreTop);
      const known = logProbsOf(logits.rows(draws.length, draws.length + scores.length), targets, tops);
      for (const [row, { sequence }] of scores.entries()) outputOf(sequence).scored.push(known[row] as TokenLogProb);
    }
    if (draws.length > 0) {
      for (const [row, drawn] of this.#draw(logits.rows(0, draws.length), draws).entries()) {
        Object.assign(outputOf(draws[row] as Sequence<EngineAdapter>), drawn);
      }
    }
    return outputs;
  }

  #settle(output: SequenceOutput): void {
    const { sequence, token } = output;
    if (token === undefined) {
      if (sequence.tokensMax === 0 && sequence.remaining <= 0) output.ending = 'scored';
    } else {
      sequence.append(token);
      if (sequence.stopTokens.has(token)) output.ending = 'stop';
      else if (sequence.generated >= sequence.tokensMax) output.ending = 'length';
    }
    if (output.ending) this.#scheduler.finish(sequence);
  }
}
