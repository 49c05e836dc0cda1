import { linkSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { concatenated, readShard, type TokenDataset } from '@hone/data';
import { saveAdapter, saveModel } from '@hone/models';
import {
  checkResumed,
  planRun,
  prepareTraining,
  readState,
  sft,
  trainingSettings,
  type Observer,
  type TrainingSettings,
} from '@hone/recipes';
import { init, type DeviceChoice, type ProcessGroup } from '@hone/tensor';
import type { TrainingNews, TrainingOrder } from './protocol.js';

type SftResult = Awaited<ReturnType<typeof sft>>;

/** Where a run is told and stopped, whatever it runs in. */
export interface TrainingPlace {
  say(news: TrainingNews): void;
  /** Where it computes. */
  readonly choice: DeviceChoice;
  /** Asked between steps. */
  readonly isCancelled: () => boolean;
  /** What one process decides for all of a run; plain data. */
  agree<T>(name: string, make: () => T): Promise<T>;
  /** The processes of a data-parallel run; the first of them does all the telling and writing. */
  readonly group?: ProcessGroup | undefined;
}

const datasetOf = (files: readonly string[]): TokenDataset =>
  concatenated(files.map((file) => readShard(readFileSync(file))));

/** Runs an order to its end. What it learnt lies in `result` of the run's folder, and everything on the way is told. */
export async function runTraining(
  order: TrainingOrder,
  { say, choice, isCancelled, agree, group }: TrainingPlace,
): Promise<void> {
  const began = performance.now();
  init({ device: choice.device });
  say({ type: 'device', device: choice.device, why: choice.why, card: choice.card?.name });
  const dataset = datasetOf(order.train);
  const adopted = await agree('adopted', () => adoptedOf(order, dataset, choice, say));
  const settings = { ...trainingSettings(order.arguments, order.method), ...adopted };
  const { model, adapter } = prepareTraining(order.modelFolder, settings);
  const validation = order.validation.length === 0 ? undefined : datasetOf(order.validation);
  const result = await sft({
    model,
    adapter,
    source: order.modelFolder,
    train: dataset,
    validation: validation?.length ? validation : undefined,
    settings,
    adopted,
    group,
    outputDir: join(order.runFolder, 'checkpoints'),
    resumeFrom: order.resumeFrom,
    baseName: order.baseModel,
    observer: observerOf(order, say),
    signal: {
      get aborted() {
        return isCancelled();
      },
    },
  });
  if (group !== undefined && group.rank > 0) return;
  if (result.status === 'cancelled') return say({ type: 'cancelled', step: result.steps });
  const folder = join(order.runFolder, 'result');
  if (adapter) saveAdapter(adapter, folder, { baseName: order.baseModel });
  else saveModel(model, order.modelFolder, folder);
  say(finished(folder, result, (performance.now() - began) / 1000));
}

/** Turns the recipe's reports into messages. */
const observerOf = (order: TrainingOrder, say: TrainingPlace['say']): Observer => ({
  onStart: ({ totalSteps, startStep, trainableParameters, totalParameters }) =>
    say({ type: 'started', totalSteps, trainableParameters, totalParameters, resumedAtStep: startStep }),
  onStep: ({ step, totalSteps, loss, lr, gradNorm, trainedTokens, tokensSeen, tokensPerSecond, etaSeconds }) =>
    say({
      type: 'step',
      step,
      totalSteps,
      loss,
      learningRate: lr,
      gradientNorm: gradNorm,
      tokens: tokensSeen,
      trainedTokens,
      tokensPerSecond,
      etaSeconds,
    }),
  onEval: ({ step, loss, tokenAccuracy }) => say({ type: 'evaluation', step, loss, tokenAccuracy }),
  onCheckpoint: ({ step, folder, metrics: { trainLoss, evalLoss } }) =>
    say({
      type: 'checkpoint',
      step,
      folder: linked(folder, join(order.runFolder, 'publishing', `checkpoint-${step}`)),
      metrics: defined({ train_loss: trainLoss, full_valid_loss: evalLoss }),
    }),
  onWarning: (message) => say({ type: 'warning', message }),
});

/**
 * The same files in a folder of their own: the recipe removes old checkpoints while the service may still be storing them, and
 * training must not wait for the store.
 */
function linked(folder: string, to: string): string {
  rmSync(to, { recursive: true, force: true });
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(folder)) linkSync(join(folder, name), join(to, name));
  return to;
}

const defined = (values: Record<string, number | undefined>): Record<string, number> =>
  Object.fromEntries(Object.entries(values).filter((entry): entry is [string, number] => entry[1] !== undefined));

/**
 * Plans the memory of the run before anything is loaded: what makes it fit is told and taken, and a run that cannot fit ends here
 * with its plan. A resumed run keeps what its first attempt took, whatever is free now, so that it goes on bit by bit.
 */
function adoptedOf(
  order: TrainingOrder,
  dataset: TokenDataset,
  { device }: DeviceChoice,
  say: TrainingPlace['say'],
): Partial<TrainingSettings> {
  const rowTokens = Array.from({ length: dataset.length }, (_, row) => dataset.tokens(row).length);
  const longest = rowTokens.reduce((most, length) => Math.max(most, length), 2);
  if (order.resumeFrom !== undefined) {
    const adopted = readState(order.resumeFrom).adopted ?? {};
    const settings = { ...trainingSettings(order.arguments, order.method), ...adopted };
    checkResumed(order.modelFolder, settings, { rowTokens: Math.min(longest, settings.maxLength ?? longest), device });
    return adopted;
  }
  const { change, ...plan } = planRun(order.modelFolder, {
    device,
    method: order.method,
    arguments: order.arguments,
    rowTokens: longest,
  });
  say({ type: 'planned', plan });
  return change;
}

const finished = (
  folder: string,
  { steps, tokensSeen, trainedTokens, trainLoss, evalLoss }: SftResult,
  seconds: number,
): TrainingNews => ({
  type: 'finished',
  folder,
  steps,
  tokens: tokensSeen,
  trainedTokens,
  tokensPerSecond: tokensSeen / seconds,
  metrics: defined({ train_loss: trainLoss, full_valid_loss: evalLoss }),
});
