import { setImmediate } from 'node:timers/promises';
import { bug, seeded, systemClock, type Clock } from '@hone/base';
import { Adamw, GradientClip, type LoraAdapter } from '@hone/nn';
import { parameterCount, saveAdapter, saveModel, type CausalModel, type ModelSource } from '@hone/models';
import type { TrainingSettings } from './arguments/training-settings.js';
import { readState, restoreBest, restoreTensors } from './checkpoint/read-checkpoint.js';
import { checkIdentity, settingsDigest, type RunIdentity, type TrainingState } from './checkpoint/training-state.js';
import { pruneCheckpoints, writeCheckpoint } from './checkpoint/write-checkpoint.js';
import { microBatch } from './data/micro-batch.js';
import { surveyDataset, type Survey } from './data/survey.js';
import type { TokenDataset } from './data/token-dataset.js';
import { judge, type BestSoFar } from './early-stopping.js';
import { evaluateLoss } from './evaluate.js';
import type { Cancellation, Observer } from './observer.js';
import { planTraining, stepsOf, type TrainingPlan } from './plan.js';
import { accumulateGradient } from './token-loss.js';
import { Snapshot, parameterGroups } from './trained-parameters.js';

export interface SftRun {
  readonly model: CausalModel;
  /** Where the model came from; a checkpoint of a full fine-tune copies its tokenizer and config. */
  readonly source: ModelSource;
  /** The adapter that is trained; absent = all weights of a trainable model. */
  readonly adapter?: LoraAdapter | undefined;
  readonly train: TokenDataset;
  readonly validation?: TokenDataset | undefined;
  readonly settings: TrainingSettings;
  /** Where checkpoints go; absent = none are written. */
  readonly outputDir?: string | undefined;
  /** A checkpoint folder to go on from. */
  readonly resumeFrom?: string | undefined;
  /** What adapter_config.json calls the base. */
  readonly baseName?: string | undefined;
  readonly observer?: Observer | undefined;
  readonly signal?: Cancellation | undefined;
  readonly clock?: Clock | undefined;
}

export interface SftResult {
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

/**
 * Supervised fine-tuning: learns the marked tokens of each row. Plain text with every token marked is pretraining by the
 * same loop. The model (or adapter) holds the result: the last weights, or the best ones where `keepBest` is set.
 */
export async function sft(run: SftRun): Promise<SftResult> {
  const { model, adapter, settings, outputDir, observer = {} } = run;
  const maxLength = Math.min(settings.maxLength ?? Infinity, model.shape.maxPositions);
  const train = surveyDataset('train', run.train, maxLength, model.shape.vocabSize);
  const validation = run.validation && surveyDataset('validation', run.validation, maxLength, model.shape.vocabSize);
  const plan = planTraining(settings, train, maxLength);
  const identity = identityOf(run, train, validation);
  const groups = parameterGroups(model, adapter, settings.weightDecay);
  const arenas = groups.map(({ arena }) => arena);
  const optimizer = new Adamw(groups, settings.adam);
  const clip = new GradientClip(arenas);
  const best = settings.keepBest && validation ? new Snapshot(arenas) : undefined;
  let state = freshState(plan, identity);
  let checkpoint: string | undefined;
  try {
    if (run.resumeFrom !== undefined) {
      state = readState(run.resumeFrom);
      checkIdentity(run.resumeFrom, state.identity, identity);
      restoreTensors(run.resumeFrom, arenas, optimizer, state.step);
      if (best) restoreBest(run.resumeFrom, best);
    }
    for (const message of [...settings.warnings, ...truncationWarning(train, maxLength)]) observer.onWarning?.(message);
    observer.onStart?.(startReport(run, plan, state, train, arenas));
    optimizer.zeroGradients();

    const evaluate = (): void => {
      if (!run.validation || !validation) return;
      const options = { adapter, batchRows: settings.evalBatchUnits, survey: validation };
      const measured = evaluateLoss(model, run.validation, options);
      const isLoss = settings.metricForBest === 'eval_loss';
      const metric = isLoss ? measured.loss : measured.tokenAccuracy;
      const rule = { isLower: isLoss, threshold: settings.patienceThreshold };
      const judged: BestSoFar = judge(state.best, { step: state.step, metric }, rule);
      const isBest = judged.step === state.step;
      if (isBest) best?.take();
      state = { ...state, best: judged, evalLoss: measured.loss };
      observer.onEval?.({ step: state.step, epoch: state.step / plan.stepsPerEpoch, ...measured, isBest });
    };
    const save = (): void => {
      if (outputDir === undefined) return;
      checkpoint = writeCheckpoint(outputDir, {
        state,
        writeWeights: (folder) => writeWeights(run, folder),
        optimizer: settings.saveOnlyModel ? undefined : optimizer,
        best: state.best && state.best.step !== state.step ? best : undefined,
      });
      pruneCheckpoints(outputDir, settings.saveTotalLimit, state.best?.step);
      const metrics = { trainLoss: state.trainLoss, evalLoss: state.evalLoss };
      observer.onCheckpoint?.({ step: state.step, folder: checkpoint, metrics });
    };
    const finish = (status: SftResult['status']): SftResult => {
      const isBestKept = best !== undefined && state.best !== undefined && status !== 'cancelled';
      if (isBestKept) best.restore();
      const { step, evalLoss, tokensSeen, trainedTokens } = state;
      const weightsStep = isBestKept ? (state.best as BestSoFar).step : step;
      const trainLoss = state.lossSum / Math.max(1, step);
      return { status, steps: step, trainLoss, evalLoss, tokensSeen, trainedTokens, weightsStep, checkpoint };
    };

    if (settings.evalOnStart && state.step === 0) evaluate();
    const pace = newPace(run.clock ?? systemClock, state);
    while (state.step < plan.totalSteps) {
      // Lets messages of this thread in: progress goes out and a cancellation is seen.
      await setImmediate();
      if (run.signal?.aborted) {
        if (settings.saveStrategy !== 'no' && state.step > 0) save();
        return finish('cancelled');
      }
      const step = state.step;
      const batches = plan.microBatches(step).map((rows) => microBatch(run.train, rows, train.lengths));
      const targets = batches.reduce((sum, { targetCount }) => sum + targetCount, 0);
      const tokens = batches.reduce((sum, { ids }) => sum + ids.length, 0);
      let [nll, hits] = [0, 0];
      for (const [index, batch] of batches.entries()) {
        const dropoutSeed = seeded(settings.seed, 'dropout', step, index)() * 2 ** 32;
        const options = { ...(adapter ? { adapter } : {}), dropoutSeed, isCheckpointed: settings.isCheckpointed };
        const sums = accumulateGradient(model, batch, targets, options);
        nll += sums.nll;
        hits += sums.hits;
      }
      const loss = nll / targets;
      const gradNorm = clip.apply(settings.maxGradNorm);
      if (!Number.isFinite(loss) || !Number.isFinite(gradNorm)) {
        throw notFinite(step + 1, loss, gradNorm, plan.microBatches(step).flat());
      }
      const lr = settings.learningRate * plan.rate(step);
      optimizer.step(lr);
      optimizer.zeroGradients();
      state = {
        ...state,
        step: step + 1,
        tokensSeen: state.tokensSeen + tokens,
        trainedTokens: state.trainedTokens + targets,
        lossSum: state.lossSum + loss,
        trainLoss: loss,
      };
      const { totalSteps, tokensSeen, trainedTokens } = state;
      const epoch = state.step / plan.stepsPerEpoch;
      const counts = { step: state.step, totalSteps, epoch, tokens, tokensSeen, trainedTokens };
      observer.onStep?.({ ...counts, loss, tokenAccuracy: hits / targets, lr, gradNorm, ...pace(state) });

      if (isDue(settings.evalStrategy, settings.evalSteps, state.step, plan)) {
        evaluate();
        const { best: judged } = state;
        if (settings.saveStrategy === 'best' && judged?.step === state.step) save();
        if (settings.patience !== undefined && judged && judged.misses >= settings.patience) {
          if (settings.saveStrategy !== 'no') save();
          return finish('stopped-early');
        }
      }
      if (settings.saveStrategy !== 'best' && isDue(settings.saveStrategy, settings.saveSteps, state.step, plan))
        save();
    }
    return finish('completed');
  } finally {
    optimizer.free();
    clip.free();
    best?.free();
    for (const arena of adapter ? arenas : []) arena.freeze();
  }
}

/** Every n-th step, or the end of an epoch; the last step always counts. */
function isDue(interval: 'no' | 'steps' | 'epoch', every: number, step: number, plan: TrainingPlan): boolean {
  if (interval === 'no') return false;
  const period = interval === 'epoch' ? plan.stepsPerEpoch : Math.max(1, stepsOf(every, plan.totalSteps));
  return step === plan.totalSteps || step % period === 0;
}

const identityOf = ({ settings, model }: SftRun, train: Survey, validation: Survey | undefined): RunIdentity => ({
  settings: settingsDigest(settings),
  train: train.digest,
  validation: validation?.digest ?? null,
  base: model.fingerprint.digest,
});

const freshState = ({ totalSteps }: TrainingPlan, identity: RunIdentity): TrainingState => ({
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

function startReport(
  { model, settings }: SftRun,
  plan: TrainingPlan,
  state: TrainingState,
  train: Survey,
  arenas: readonly { elements: number }[],
) {
  return {
    totalSteps: plan.totalSteps,
    startStep: state.step,
    stepsPerEpoch: plan.stepsPerEpoch,
    rows: train.lengths.length,
    effectiveBatch: settings.batchUnits * settings.accumulationSteps,
    trainableParameters: arenas.reduce((sum, { elements }) => sum + elements, 0),
    totalParameters: parameterCount(model.config),
    truncatedRows: train.truncatedRows.length,
  };
}

function writeWeights({ adapter, model, source, baseName }: SftRun, folder: string): void {
  if (adapter) saveAdapter(adapter, folder, { baseName: baseName ?? null });
  else saveModel(model, source, folder);
}

const truncationWarning = ({ truncatedRows }: Survey, maxLength: number): string[] =>
  truncatedRows.length === 0
    ? []
    : [`${truncatedRows.length} rows were cut to ${maxLength} tokens (rows ${truncatedRows.slice(0, 20).join(', ')})`];

const notFinite = (step: number, loss: number, gradNorm: number, rows: readonly number[]) =>
  bug(
    'loss_not_finite',
    `[sft] expected a finite loss at step ${step} but received loss ${loss}, gradient norm ${gradNorm} from rows ` +
      `${rows.slice(0, 20).join(', ')}; fix: lower learning_rate, set max_grad_norm, or look at these rows`,
    { details: { step, rows: rows.slice(0, 64) } },
  );

/** Tokens per second and seconds left, measured from where this process started. */
function newPace(clock: Clock, start: TrainingState) {
  const began = clock.monotonic();
  return (state: TrainingState) => {
    const seconds = Math.max(1e-9, (clock.monotonic() - began) / 1000);
    const done = state.step - start.step;
    return {
      tokensPerSecond: (state.tokensSeen - start.tokensSeen) / seconds,
      etaSeconds: (seconds / done) * (state.totalSteps - state.step),
    };
  };
}
