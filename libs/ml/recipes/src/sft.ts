import { setImmediate } from 'node:timers/promises';
import { seeded, systemClock, type Clock } from '@hone/base';
import { deviceOfNewTensors, devices, fill, type ProcessGroup } from '@hone/tensor';
import { parameterCount } from '@hone/models';
import { settingsDigest, type RunIdentity } from './checkpoint/training-state.js';
import { microBatch } from './data/micro-batch.js';
import { surveyDataset, type Survey } from './data/survey.js';
import type { TokenDataset } from './data/token-dataset.js';
import { evaluateLoss } from './evaluate.js';
import type { Cancellation } from './observer.js';
import { isDue, planTraining, type TrainingPlan } from './plan.js';
import { queueGradient } from './token-loss.js';
import {
  TrainingSession,
  newPace,
  type SessionOptions,
  type StepCounts,
  type TrainingResult,
} from './training-session.js';

export interface SftRun extends SessionOptions {
  readonly train: TokenDataset;
  readonly validation?: TokenDataset | undefined;
  readonly signal?: Cancellation | undefined;
  /** The processes that share the micro-batches of each step; all call with the same run, and the first one writes and tells. */
  readonly group?: ProcessGroup | undefined;
  readonly clock?: Clock | undefined;
}

type Pace = ReturnType<typeof newPace>;

const isQueued = (): boolean => devices[deviceOfNewTensors()].isQueued;

/**
 * Supervised fine-tuning: learns the marked tokens of each row. Plain text with every token marked is pretraining by the
 * same loop. The model (or adapter) holds the result: the last weights, or the best ones where `load_best_model_at_end`
 * asks for them.
 */
export async function sft(asked: SftRun): Promise<TrainingResult> {
  const run = asked.group && asked.group.rank > 0 ? { ...asked, outputDir: undefined, observer: undefined } : asked;
  const { model, settings, observer } = run;
  const maxLength = Math.min(settings.maxLength ?? Infinity, model.shape.maxPositions);
  const train = surveyDataset('train', run.train, maxLength, model.shape.vocabSize);
  const validation = run.validation && surveyDataset('validation', run.validation, maxLength, model.shape.vocabSize);
  const plan = planTraining(settings, train, maxLength);
  const session = new TrainingSession(run, plan.totalSteps, identityOf(run, train, validation));
  try {
    for (const message of [...settings.warnings, ...truncations(train, maxLength)]) observer?.onWarning?.(message);
    observer?.onStart?.(startReport(run, plan, session, train));
    if (settings.evalOnStart && session.state.step === 0) evaluate(run, session, plan, validation);
    const pace = newPace(run.clock ?? systemClock, session.state);
    while (session.state.step < plan.totalSteps) {
      // Lets messages of this thread in: progress goes out and a cancellation is seen.
      await setImmediate();
      const isStopAsked = run.signal?.aborted ?? false;
      // Processes that share a step stop together, once one of them has said so.
      if (run.group ? session.isStopAgreed : isStopAsked) {
        report(run, session, plan, pace);
        if (settings.saveStrategy !== 'no' && session.state.step > 0) session.save();
        return session.finish('cancelled');
      }

      const counts = queueStep(run, plan, train, session);
      session.update({ ...counts, isStopAsked }, settings.learningRate * plan.rate(session.state.step));
      const { step } = session.state;
      const isEvaluated = isDue(settings.evalStrategy, settings.evalSteps, step, plan);
      const isSaved = settings.saveStrategy !== 'best' && isDue(settings.saveStrategy, settings.saveSteps, step, plan);
      const isLogged = isDue('steps', settings.loggingSteps, step, plan);
      // Where ops are queued, the device would stand still while the host reads.
      const isRead = isLogged || isEvaluated || isSaved || !session.hasRoom || !isQueued();
      if (isRead) report(run, session, plan, pace);

      let isBest = false;
      if (isEvaluated) {
        isBest = evaluate(run, session, plan, validation);
        if (session.isOutOfPatience) {
          if (settings.saveStrategy !== 'no') session.save();
          return session.finish('stopped-early');
        }
      }
      if (isSaved || (settings.saveStrategy === 'best' && isBest)) session.save();
    }
    return session.finish('completed');
  } finally {
    session.free();
  }
}

/** Forward and backward over all micro-batches of a step; the gradients are then summed in the arenas. */
function queueStep(
  { model, adapter, settings, train: dataset, group }: SftRun,
  plan: TrainingPlan,
  { lengths }: Survey,
  session: TrainingSession,
): StepCounts {
  const { step } = session.state;
  const rows = plan.microBatches(step);
  const batches = rows.map((batchRows) => microBatch(dataset, batchRows, lengths));
  const targets = batches.reduce((sum, { targetCount }) => sum + targetCount, 0);
  const tokens = batches.reduce((sum, { ids }) => sum + ids.length, 0);
  for (const [index, batch] of batches.entries()) {
    const sums = session.sums();
    if (group && index % group.size !== group.rank) {
      fill(sums, 0);
      continue;
    }
    const dropoutSeed = seeded(settings.seed, 'dropout', step, index)() * 2 ** 32;
    queueGradient(model, batch, targets, sums, {
      ...(adapter ? { adapter, dropoutSeed } : {}),
      recompute: settings.recompute,
      offload: session.offload,
    });
  }
  return { tokens, targets, rows: rows.flat() };
}

/** Waits for the steps that nobody has told of, and tells of each. */
function report({ observer }: SftRun, session: TrainingSession, plan: TrainingPlan, pace: Pace): void {
  const { totalSteps } = session.state;
  for (const numbers of session.read()) {
    observer?.onStep?.({ ...numbers, totalSteps, epoch: numbers.step / plan.stepsPerEpoch, ...pace(numbers) });
  }
}

/** Measures the validation rows, when there are any; true when they are the best so far. */
function evaluate(
  { model, adapter, settings, validation: dataset, observer }: SftRun,
  session: TrainingSession,
  plan: TrainingPlan,
  survey: Survey | undefined,
): boolean {
  if (!dataset || !survey) return false;
  const measured = evaluateLoss(model, dataset, { adapter, batchRows: settings.evalBatchUnits, survey });
  const isBest = session.noteEvaluation(measured);
  const { step } = session.state;
  observer?.onEval?.({ step, epoch: step / plan.stepsPerEpoch, ...measured, isBest });
  return isBest;
}

const identityOf = ({ settings, model }: SftRun, train: Survey, validation: Survey | undefined): RunIdentity => ({
  settings: settingsDigest(settings),
  train: train.digest,
  validation: validation?.digest ?? null,
  base: model.fingerprint,
});

const startReport = ({ model, settings }: SftRun, plan: TrainingPlan, session: TrainingSession, train: Survey) => ({
  totalSteps: plan.totalSteps,
  startStep: session.state.step,
  stepsPerEpoch: plan.stepsPerEpoch,
  rows: train.lengths.length,
  effectiveBatch: settings.batchUnits * settings.accumulationSteps * settings.processes,
  trainableParameters: session.trainableParameters,
  totalParameters: parameterCount(model.config),
  truncatedRows: train.truncatedRows.length,
});

const truncations = ({ truncatedRows }: Survey, maxLength: number): string[] =>
  truncatedRows.length === 0
    ? []
    : [`${truncatedRows.length} rows were cut to ${maxLength} tokens (rows ${truncatedRows.slice(0, 20).join(', ')})`];
