import { assert, bug, type Clock } from '@hone/base';
import { ActivationOffload, fill, hasPinnedMemory, type ProcessGroup, type Tensor } from '@hone/tensor';
import { Adamw, GradientClip, type LoraAdapter, type ParameterArena } from '@hone/nn';
import { saveAdapter, saveModel, type CausalModel, type ModelSource } from '@hone/models';
import type { TrainingSettings } from './arguments/training-settings.js';
import { readState, restoreBest, restoreTensors } from './checkpoint/read-checkpoint.js';
import { checkIdentity, type RunIdentity, type TrainingState } from './checkpoint/training-state.js';
import { pruneCheckpoints, writeCheckpoint } from './checkpoint/write-checkpoint.js';
import { judge } from './early-stopping.js';
import type { Evaluation } from './evaluate.js';
import { NumberSheet } from './number-sheet.js';
import type { Observer } from './observer.js';
import { Snapshot, parameterGroups } from './trained-parameters.js';

/** What is trained, with which settings, and where its checkpoints go. */
export interface SessionOptions {
  readonly model: CausalModel;
  /** Where the model came from; a checkpoint of a full fine-tune copies its tokenizer and config. */
  readonly source: ModelSource;
  /** The adapter that is trained; absent = all weights of a trainable model. */
  readonly adapter?: LoraAdapter | undefined;
  readonly settings: TrainingSettings;
  /** Which of the settings were changed to make the run fit; kept in its checkpoints. */
  readonly adopted?: Partial<TrainingSettings> | undefined;
  /** Where checkpoints go; absent = none are written. */
  readonly outputDir?: string | undefined;
  /** A checkpoint folder to go on from. */
  readonly resumeFrom?: string | undefined;
  /** What adapter_config.json calls the base. */
  readonly baseName?: string | undefined;
  readonly observer?: Observer | undefined;
  /** The processes that gradients are summed over. */
  readonly group?: ProcessGroup | undefined;
}

export interface TrainingResult {
  readonly status: 'completed' | 'stopped-early' | 'cancelled';
  readonly steps: number;
  /** Mean of the step losses. */
  readonly trainLoss: number;
  readonly evalLoss: number | undefined;
  readonly tokensSeen: number;
  readonly trainedTokens: number;
  /** The step whose weights the model now has. */
  readonly weightsStep: number;
  /** The last checkpoint that was written. */
  readonly checkpoint: string | undefined;
}

/** What is known of a step before its numbers are read. */
export interface StepCounts {
  readonly tokens: number;
  readonly targets: number;
  /** For the error, when the loss is not finite. */
  readonly rows: readonly number[];
  /** Somebody asked this process to stop; those of a group agree on it. */
  readonly isStopAsked?: boolean;
}

/** The numbers of a step, once they were read. */
export interface StepNumbers extends Pick<StepCounts, 'tokens'> {
  readonly step: number;
  readonly loss: number;
  readonly tokenAccuracy: number;
  readonly lr: number;
  /** Before clipping. */
  readonly gradNorm: number;
  readonly tokensSeen: number;
  readonly trainedTokens: number;
}

/** A step whose numbers are on the sheet: the sums of its micro-batches from `first` on, and then its squared norm. */
interface UnreadStep extends StepCounts, Pick<StepNumbers, 'step' | 'lr' | 'tokensSeen' | 'trainedTokens'> {
  readonly first: number;
  readonly normAt: number;
}

/** Steps of few micro-batches are read some hundred at a time at most. */
const sheetNumbers = 512;

/** The part of a run that every objective shares: optimiser, state, best weights, checkpoints. It knows no loss. */
export class TrainingSession {
  readonly arenas: readonly ParameterArena[];
  readonly #options: SessionOptions;
  readonly #optimizer: Adamw;
  readonly #clip: GradientClip;
  readonly #sheet: NumberSheet;
  /** Where the inputs of layers wait, when they do not wait on the device. */
  readonly offload: ActivationOffload | undefined;
  /** Numbers of the longest step. */
  readonly #stepNumbers: number;
  readonly #unread: UnreadStep[] = [];
  #first: number | undefined;
  readonly #best: Snapshot | undefined;
  #state: TrainingState;
  #checkpoint: string | undefined;
  #savedStep = -1;

  constructor(options: SessionOptions, totalSteps: number, identity: RunIdentity) {
    const { model, adapter, settings, resumeFrom } = options;
    const groups = parameterGroups(model, adapter, settings.weightDecay);
    this.#options = options;
    this.arenas = groups.map(({ arena }) => arena);
    const isPaged = settings.isPaged && hasPinnedMemory();
    const state = { bits: settings.optimizer === 'adamw8bit' ? 8 : 32, seed: settings.seed, isPaged } as const;
    this.#optimizer = new Adamw(groups, settings.adam, state);
    this.#clip = new GradientClip(this.arenas);
    this.offload = settings.isOffloaded && hasPinnedMemory() ? new ActivationOffload() : undefined;
    this.#stepNumbers = 2 * settings.accumulationSteps * settings.processes + 2;
    this.#sheet = new NumberSheet(Math.max(sheetNumbers, this.#stepNumbers));
    this.#best = settings.keepBest && identity.validation !== null ? new Snapshot(this.arenas) : undefined;
    this.#state = { ...freshState(totalSteps, identity), adopted: options.adopted };
    this.#optimizer.zeroGradients();
    try {
      if (resumeFrom !== undefined) this.#resume(resumeFrom, identity);
    } catch (error) {
      this.free();
      throw error;
    }
  }

  get state(): TrainingState {
    return this.#state;
  }

  get trainableParameters(): number {
    return this.arenas.reduce((sum, { elements }) => sum + elements, 0);
  }

  /** Where the next micro-batch of the step at hand leaves its sums: f32 [2]. */
  sums(): Tensor {
    const { at, numbers } = this.#sheet.take(2);
    this.#first ??= at;
    return numbers;
  }

  /** One of the processes of the group asked to stop, in a step that was read. */
  isStopAgreed = false;

  /** Gradients, the sums of the step and the wish to stop, over all processes; nobody waits. */
  #sumOver(group: ProcessGroup, isStopAsked: boolean): void {
    const { at, numbers: stop } = this.#sheet.take(1);
    fill(stop, isStopAsked ? 1 : 0);
    const first = this.#first ?? at;
    group.sum(this.#sheet.places(first, at + 1 - first));
    for (const { gradients } of this.arenas) group.sum(gradients);
  }

  /** Whether the numbers of one step more can wait. */
  get hasRoom(): boolean {
    return this.#sheet.room >= this.#stepNumbers;
  }

  /** Clips, updates and counts one step; nothing of it is read. A gradient that is not finite changes nothing. */
  update(counts: StepCounts, lr: number): void {
    const { group } = this.#options;
    if (group) this.#sumOver(group, counts.isStopAsked ?? false);
    const { at: normAt, numbers: squaredNorm } = this.#sheet.take(1);
    this.#clip.sum(squaredNorm);
    this.#optimizer.step(lr, 1, { squaredNorm, maxNorm: this.#options.settings.maxGradNorm });
    this.#optimizer.zeroGradients();
    const step = this.#state.step + 1;
    const tokensSeen = this.#state.tokensSeen + counts.tokens;
    const trainedTokens = this.#state.trainedTokens + counts.targets;
    this.#unread.push({ ...counts, step, lr, tokensSeen, trainedTokens, normAt, first: this.#first ?? normAt });
    this.#first = undefined;
    this.#state = { ...this.#state, step, tokensSeen, trainedTokens };
  }

  /** The numbers of all steps since the last time. A loss that is not finite ends the run. */
  read(): StepNumbers[] {
    if (this.#unread.length === 0) return [];
    const numbers = this.#sheet.read();
    return this.#unread.splice(0).map((unread) => {
      const { first, normAt, targets, rows, ...known } = unread;
      let [nll, hits] = [0, 0];
      const end = this.#options.group ? normAt - 1 : normAt;
      if (end < normAt && (numbers[end] as number) > 0) this.isStopAgreed = true;
      for (let at = first; at < end; at += 2) {
        nll += numbers[at] as number;
        hits += numbers[at + 1] as number;
      }
      const loss = nll / targets;
      const gradNorm = Math.sqrt(numbers[normAt] as number);
      if (!Number.isFinite(loss) || !Number.isFinite(gradNorm)) throw notFinite(known.step, loss, gradNorm, rows);
      this.#state = { ...this.#state, lossSum: this.#state.lossSum + loss, trainLoss: loss };
      return { ...known, loss, tokenAccuracy: hits / targets, gradNorm };
    });
  }

  /** Notes an evaluation; true when it is the best so far. */
  noteEvaluation(measured: Evaluation): boolean {
    const { metricForBest, patienceThreshold: threshold } = this.#options.settings;
    const isLower = metricForBest === 'eval_loss';
    const metric = isLower ? measured.loss : measured.tokenAccuracy;
    const best = judge(this.#state.best, { step: this.#state.step, metric }, { isLower, threshold });
    const isBest = best.step === this.#state.step;
    if (isBest) this.#best?.take();
    this.#state = { ...this.#state, best, evalLoss: measured.loss };
    return isBest;
  }

  /** Whether so many evaluations brought nothing that the run should end. */
  get isOutOfPatience(): boolean {
    const { patience } = this.#options.settings;
    return patience !== undefined && (this.#state.best?.misses ?? 0) >= patience;
  }

  /** Writes a checkpoint, unless this very step has one: replacing it would leave a moment without any. */
  save(): void {
    const { outputDir, settings, observer } = this.#options;
    const { step, best, trainLoss, evalLoss } = this.#state;
    if (outputDir === undefined || this.#savedStep === step) return;
    assert(this.#unread.length === 0, '[train] a checkpoint holds the loss of its last step, so it is read first');
    const folder = writeCheckpoint(outputDir, {
      state: this.#state,
      writeWeights: (target) => this.#writeWeights(target),
      optimizer: settings.saveOnlyModel ? undefined : this.#optimizer,
      best: best && best.step !== step ? this.#best : undefined,
    });
    this.#checkpoint = folder;
    this.#savedStep = step;
    pruneCheckpoints(outputDir, settings.saveTotalLimit, [best?.step, step]);
    observer?.onCheckpoint?.({ step, folder, metrics: { trainLoss, evalLoss } });
  }

  /** Ends the run; the model then has the best weights where they are kept, else the last. */
  finish(status: TrainingResult['status']): TrainingResult {
    assert(this.#unread.length === 0, '[train] the result holds the losses of all steps, so they are read first');
    const { step, best, evalLoss, tokensSeen, trainedTokens, lossSum } = this.#state;
    const isBestWanted = this.#best !== undefined && best !== undefined && status !== 'cancelled';
    if (isBestWanted) this.#best.restore();
    return {
      status,
      steps: step,
      trainLoss: lossSum / Math.max(1, step),
      evalLoss,
      tokensSeen,
      trainedTokens,
      weightsStep: isBestWanted ? best.step : step,
      checkpoint: this.#checkpoint,
    };
  }

  /** Gives back what only training needs; the trained values stay. */
  free(): void {
    this.#optimizer.free();
    this.#clip.free();
    this.offload?.free();
    this.#sheet.free();
    this.#best?.free();
    if (this.#options.adapter) for (const arena of this.arenas) arena.freeze();
  }

  #resume(folder: string, identity: RunIdentity): void {
    const state = readState(folder);
    checkIdentity(folder, state.identity, identity);
    const { config } = this.#options.model;
    restoreTensors(folder, { arenas: this.arenas, config }, this.#optimizer, state.step);
    if (this.#best) restoreBest(folder, this.#best);
    this.#state = state;
    this.#checkpoint = folder;
    this.#savedStep = state.step;
  }

  #writeWeights(folder: string): void {
    const { adapter, model, source, baseName = null } = this.#options;
    if (adapter) saveAdapter(adapter, folder, { baseName });
    else saveModel(model, source, folder);
  }
}

const freshState = (totalSteps: number, identity: RunIdentity): TrainingState => ({
  version: 1,
  step: 0,
  totalSteps,
  tokensSeen: 0,
  trainedTokens: 0,
  lossSum: 0,
  trainLoss: undefined,
  evalLoss: undefined,
  best: undefined,
  identity,
});

const notFinite = (step: number, loss: number, gradNorm: number, rows: readonly number[]) =>
  bug(
    'loss_not_finite',
    `[train] expected a finite loss at step ${step} but received loss ${loss}, gradient norm ${gradNorm} from rows ` +
      `${rows.slice(0, 20).join(', ')}; fix: lower learning_rate, set max_grad_norm, or look at these rows`,
    { details: { step, rows: rows.slice(0, 64) } },
  );

/** Tokens per second and seconds left, measured from where this process started. */
export function newPace(clock: Clock, start: TrainingState) {
  const began = clock.monotonic();
  return ({ step, tokensSeen }: Pick<TrainingState, 'step' | 'tokensSeen'>) => {
    const seconds = Math.max(1e-9, (clock.monotonic() - began) / 1000);
    return {
      tokensPerSecond: (tokensSeen - start.tokensSeen) / seconds,
      etaSeconds: (seconds / (step - start.step)) * (start.totalSteps - step),
    };
  };
}
