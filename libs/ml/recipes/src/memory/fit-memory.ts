import { refusal } from '@hone/base';
import { loraConfig } from '@hone/nn';
import { canBeNf4, readModelConfig, type ModelSource } from '@hone/models';
import type { TrainingSettings } from '../arguments/training-settings.js';
import { estimateMemory, type ComputingDevice, type MemoryEstimate } from './estimate-memory.js';
import { remediesOf, type Remedy } from './remedies.js';

export interface FittedSettings {
  readonly settings: TrainingSettings;
  /** Of the run as it was asked for. */
  readonly asked: MemoryEstimate;
  /** Of the run as it will be. */
  readonly estimate: MemoryEstimate;
  /** What was changed; empty when the run fits as it is. */
  readonly remedies: readonly Remedy[];
  /** All changed fields together. */
  readonly change: Partial<TrainingSettings>;
}

/**
 * The first remedy that by itself brings a run under a memory limit; where none does, all of them in their order up to the first
 * that suffices. The effective batch stays. A run that fits in no way is refused, with the smaller choice that would, and with what
 * gives it `more` than the limit.
 */
export function fitMemory(
  source: ModelSource,
  settings: TrainingSettings,
  rowTokens: number,
  limitBytes: number,
  device: ComputingDevice = 'cpu',
  more?: string,
): FittedSettings {
  const estimateOf = (of: TrainingSettings, tokens = rowTokens) => estimateMemory(source, of, tokens, device);
  const asked = estimateOf(settings);
  const fits = ({ processBytes }: MemoryEstimate) => processBytes <= limitBytes;
  if (fits(asked)) return { settings, asked, estimate: asked, remedies: [], change: {} };
  const remediesFor = (of: TrainingSettings) => remediesOf(of, is4BitPossible(source), device);
  for (const name of new Set(remediesFor(settings).map((remedy) => remedy.name))) {
    const alone = applied(settings, name, remediesFor, (changed) => fits(estimateOf(changed)));
    const estimate = estimateOf(alone.settings);
    if (fits(estimate)) return { asked, estimate, ...alone };
  }
  let [current, estimate] = [settings, asked];
  const remedies: Remedy[] = [];
  while (!fits(estimate)) {
    const [next] = remediesFor(current);
    if (!next) {
      const choice = smallerChoice(source, current, rowTokens, limitBytes, estimateOf) ?? 'a smaller model';
      throw tooLarge(limitBytes, asked, estimate, [choice, more]);
    }
    current = { ...current, ...next.change };
    remedies.push(next);
    estimate = estimateOf(current);
  }
  const last = lastOfEach(remedies);
  return { settings: current, asked, estimate, remedies: last, change: changeOf(last) };
}

/** A remedy that the loader would refuse is none. */
const is4BitPossible = (source: ModelSource): boolean => canBeNf4(readModelConfig(source));

/** One kind of remedy, as often as it can be taken or until the run fits. */
function applied(
  settings: TrainingSettings,
  name: Remedy['name'],
  remediesFor: (of: TrainingSettings) => Remedy[],
  fits: (changed: TrainingSettings) => boolean,
) {
  let current = settings;
  const remedies: Remedy[] = [];
  for (;;) {
    const next = remediesFor(current).find((remedy) => remedy.name === name);
    if (!next) break;
    current = { ...current, ...next.change };
    remedies.push(next);
    if (fits(current)) break;
  }
  const last = lastOfEach(remedies);
  return { settings: current, remedies: last, change: changeOf(last) };
}

/** Halving a batch three times is told as one change. */
const lastOfEach = (remedies: readonly Remedy[]): Remedy[] => [
  ...new Map(remedies.map((remedy) => [remedy.name.replace(/-.*/, ''), remedy])).values(),
];

const changeOf = (remedies: readonly Remedy[]): Partial<TrainingSettings> =>
  Object.assign({}, ...remedies.map(({ change }) => change)) as Partial<TrainingSettings>;

export function tooLarge(
  limitBytes: number,
  asked: MemoryEstimate,
  estimate: MemoryEstimate,
  fixes: readonly (string | undefined)[],
) {
  const message =
    `[memory] expected a peak of at most ${limitBytes} bytes but the run takes ${asked.processBytes}, and with every remedy ` +
    `still ${estimate.processBytes} (${estimate.residentBytes} of it before the first row); fix: ${fixes.filter(Boolean).join(', or ')}`;
  const details = {
    limitBytes,
    parts: asked.parts,
    processBytes: asked.processBytes,
    leastBytes: estimate.processBytes,
  };
  return refusal('out_of_memory', message, { details });
}

const shortestRow = 16;

/** A choice that changes what is learnt, and so is never made for anybody: shorter rows, or an adapter instead of all weights. */
function smallerChoice(
  source: ModelSource,
  settings: TrainingSettings,
  rowTokens: number,
  limitBytes: number,
  estimateOf: (of: TrainingSettings, tokens: number) => MemoryEstimate,
): string | undefined {
  const fits = (changed: TrainingSettings, tokens: number) => estimateOf(changed, tokens).processBytes <= limitBytes;
  if (settings.method === 'full' && is4BitPossible(source)) {
    const lora = loraConfig({ r: 16, loraAlpha: 32, targetModules: 'all-linear' });
    if (fits({ ...settings, method: 'qlora', precision: 'f32', lora }, rowTokens)) return 'method = qlora would fit';
  }
  for (let tokens = rowTokens >> 1; tokens >= shortestRow; tokens >>= 1) {
    if (fits(settings, tokens)) return `max_length = ${tokens} would fit`;
  }
  return undefined;
}
