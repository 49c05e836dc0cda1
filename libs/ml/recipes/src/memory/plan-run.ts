import { refusal } from '@hone/base';
import { parameterCount, readModelConfig, storedFormat, type BaseFormat, type ModelSource } from '@hone/models';
import {
  argumentLimits,
  trainingSettings,
  type Method,
  type TrainingSettings,
} from '../arguments/training-settings.js';
import { estimateMemory, type ComputingDevice, type MemoryEstimate } from './estimate-memory.js';
import { estimateServing, type ServingEstimate, type ServingLoad } from './estimate-serving.js';
import { fitMemory, tooLarge, type FittedSettings } from './fit-memory.js';
import { deviceLimit, moreMemory } from './memory-limit.js';

/**
 * Tokens of a micro-batch, and pages of 16 keys and values: what is planned is counted by running the step, and this much is counted in
 * some 15 seconds and 1.3 GB (65,536 rows of 512 tokens of hone-tiny).
 */
const planLimits = { tokens: 2 ** 25, pages: 2 ** 25 };

export interface PlanRequest {
  readonly method: Method;
  /** Under the names of TrainingArguments. */
  readonly arguments: Readonly<Record<string, unknown>>;
  /** Tokens of the longest row; default max_length, else what the model can attend to. */
  readonly rowTokens?: number;
  /** Default: what is free on the device now. */
  readonly limitBytes?: number;
  /** Default cpu. */
  readonly device?: ComputingDevice;
}

/** What a run takes and how it is made to fit, as plain data. */
export interface RunPlan {
  readonly device: ComputingDevice;
  readonly limitBytes: number;
  readonly rowTokens: number;
  readonly effectiveBatch: number;
  readonly batch: number;
  readonly accumulationSteps: number;
  readonly trainableParameters: number;
  readonly totalParameters: number;
  readonly asked: Pick<MemoryEstimate, 'parts' | 'processBytes'>;
  readonly planned: Pick<MemoryEstimate, 'parts' | 'processBytes'>;
  /** Arguments that were changed, in words; empty when the run fits as it is asked for. */
  readonly remedies: readonly string[];
}

/** Plans a run, with the settings to change as data; one that fits in no way is refused with its parts and the smaller choice that would. */
export function planRun(
  source: ModelSource,
  request: PlanRequest,
): RunPlan & { readonly change: Partial<TrainingSettings> } {
  const settings = trainingSettings(request.arguments, request.method);
  const config = readModelConfig(source);
  const device = request.device ?? 'cpu';
  const limitBytes = request.limitBytes ?? deviceLimit(device);
  const longest = Math.min(settings.maxLength ?? config.maxPositions, config.maxPositions);
  const rowTokens = Math.min(request.rowTokens ?? longest, longest);
  const rows = Math.max(settings.batchUnits, settings.evalStrategy === 'no' ? 0 : settings.evalBatchUnits);
  if (rows * rowTokens > planLimits.tokens)
    throw tooMuch('per_device_train_batch_size', rows, planLimits.tokens, rowTokens);
  const more = request.limitBytes === undefined ? moreMemory(device) : undefined;
  const fitted = withUnpackedBase(source, fitMemory(source, settings, rowTokens, limitBytes, device, more), {
    ...{ rowTokens, limitBytes, device },
  });
  const sizes = ({ parts, processBytes }: MemoryEstimate) => ({ parts, processBytes });
  return {
    device,
    limitBytes,
    rowTokens,
    effectiveBatch: settings.batchUnits * settings.accumulationSteps * settings.processes,
    batch: fitted.settings.batchUnits,
    accumulationSteps: fitted.settings.accumulationSteps,
    trainableParameters: fitted.estimate.trainableParameters,
    totalParameters: parameterCount(config) + (settings.lora ? fitted.estimate.trainableParameters : 0),
    asked: sizes(fitted.asked),
    planned: sizes(fitted.estimate),
    remedies: fitted.remedies.map(({ words }) => words),
    change: fitted.change,
  };
}

/**
 * A resumed run keeps the settings of its first attempt, so that it goes on bit by bit: where they do not fit any more it is refused
 * before anything is loaded, for another attempt.
 */
export function checkResumed(
  source: ModelSource,
  settings: TrainingSettings,
  { rowTokens, device }: { rowTokens: number; device: ComputingDevice },
): void {
  const limitBytes = deviceLimit(device);
  const estimate = estimateMemory(source, settings, rowTokens, device);
  if (estimate.processBytes <= limitBytes) return;
  const free = 'free what other processes hold: a resumed run keeps its settings';
  throw tooLarge(limitBytes, estimate, estimate, [free, moreMemory(device)]);
}

/** Memory that nothing else wants saves a card the unpacking of a 4-bit base in every step. */
function withUnpackedBase(
  source: ModelSource,
  fitted: FittedSettings,
  { rowTokens, limitBytes, device }: { rowTokens: number; limitBytes: number; device: ComputingDevice },
): FittedSettings {
  if (device !== 'cuda' || fitted.remedies.length > 0 || fitted.settings.method !== 'qlora') return fitted;
  const settings = { ...fitted.settings, isUnpacked: true };
  const estimate = estimateMemory(source, settings, rowTokens, device);
  if (estimate.processBytes > limitBytes) return fitted;
  return { ...fitted, settings, estimate, change: { isUnpacked: true } };
}

export interface ServingPlan extends ServingEstimate {
  readonly device: ComputingDevice;
  readonly format: BaseFormat;
  readonly limitBytes: number;
  readonly fits: boolean;
}

export interface ServingQuestion extends Partial<Pick<ServingLoad, 'format' | 'headFormat' | 'length' | 'device'>> {
  readonly sequences: number;
  /** Default: what is free on the device now. */
  readonly limitBytes?: number;
}

/** Plans serving; a base whose format is not said is held as its files hold it, and in bf16 where they hold it plain. */
export function planServing(source: ModelSource, load: ServingQuestion): ServingPlan {
  const device = load.device ?? 'cpu';
  const limitBytes = load.limitBytes ?? deviceLimit(device);
  const format = load.format ?? storedFormat(source) ?? 'bf16';
  const length = load.length ?? readModelConfig(source).maxPositions;
  const sequencesMax = Math.min(argumentLimits.rows, planLimits.pages / Math.ceil(length / 16));
  if (load.sequences > sequencesMax) throw tooMuch('sequences', load.sequences, planLimits.pages * 16, length);
  const estimate = estimateServing(source, { ...load, format, length });
  return { ...estimate, device, format, limitBytes, fits: estimate.processBytes <= limitBytes };
}

function tooMuch(param: string, rows: number, tokensMax: number, length: number) {
  const most = `${argumentLimits.rows} rows and ${tokensMax} tokens in all`;
  const message = `[plan] expected at most ${most} for ${param} but received ${rows} of ${length} tokens; fix: ask for fewer, or for shorter ones`;
  return refusal('plan_too_large', message, { param });
}
