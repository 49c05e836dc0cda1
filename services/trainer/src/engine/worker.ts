import { linkSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { asHoneError, assert } from '@hone/base';
import { concatenated, readShard, type TokenDataset } from '@hone/data';
import { chooseDevice, deviceLost, init, type DeviceChoice } from '@hone/tensor';
import { saveAdapter, saveModel } from '@hone/models';
import {
  planRun,
  prepareTraining,
  readState,
  sft,
  trainingSettings,
  type Observer,
  type TrainingSettings,
} from '@hone/recipes';
import { stopWords, type TrainingNews, type TrainingOrder } from './protocol.js';

type SftResult = Awaited<ReturnType<typeof sft>>;

const { order, flag } = workerData as { order: TrainingOrder; flag: Int32Array };

const say = (news: TrainingNews): void => parentPort?.postMessage(news);

const datasetOf = (files: readonly string[]): TokenDataset =>
  concatenated(files.map((file) => readShard(readFileSync(file))));

/** Turns the recipe's reports into messages of the thread. */
const observer: Observer = {
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
};

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
function adoptedOf(dataset: TokenDataset, { device }: DeviceChoice): Partial<TrainingSettings> {
  if (order.resumeFrom !== undefined) return readState(order.resumeFrom).adopted ?? {};
  const rowTokens = Array.from({ length: dataset.length }, (_, row) => dataset.tokens(row).length);
  const { change, ...plan } = planRun(order.modelFolder, {
    device,
    method: order.method,
    arguments: order.arguments,
    rowTokens: rowTokens.reduce((most, length) => Math.max(most, length), 2),
  });
  say({ type: 'planned', plan });
  return change;
}

async function train(): Promise<void> {
  const began = performance.now();
  const choice = chooseDevice();
  init({ device: choice.device });
  say({ type: 'device', ...deviceFacts(choice) });
  const dataset = datasetOf(order.train);
  const adopted = adoptedOf(dataset, choice);
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
    outputDir: join(order.runFolder, 'checkpoints'),
    resumeFrom: order.resumeFrom,
    baseName: order.baseModel,
    observer,
    signal: {
      get aborted() {
        return Atomics.load(flag, 0) === stopWords.cancel;
      },
    },
  });
  if (result.status === 'cancelled') return say({ type: 'cancelled', step: result.steps });
  const folder = join(order.runFolder, 'result');
  if (adapter) saveAdapter(adapter, folder, { baseName: order.baseModel });
  else saveModel(model, order.modelFolder, folder);
  say(finished(folder, result, (performance.now() - began) / 1000));
}

const deviceFacts = ({ device, why, card }: DeviceChoice) => ({ device, why, card: card?.name });

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

assert(parentPort, '[trainer] expected the engine to run in a worker thread');
await train().catch((thrown: unknown) =>
  say({ type: 'failed', error: asHoneError(deviceLost(thrown) ?? thrown).toJSON() }),
);
