import { refusal } from '@hone/base';
import type { ModelSource } from '@hone/models';
import type { TrainingSettings } from './arguments/training-settings.js';
import { estimateMemory, type MemoryEstimate } from './estimate.js';

export interface FittedSettings {
  readonly settings: TrainingSettings;
  readonly estimate: MemoryEstimate;
  /** What was changed, in order; empty when the run fits as it is. */
  readonly remedies: readonly string[];
}

/**
 * The first of the known remedies that brings a run under a memory limit: recomputed activations, then smaller micro-batches
 * with the same effective batch, then (for an adapter) a 4-bit base. None of them changes what is learnt from a step, except
 * that a 4-bit base rounds the frozen weights.
 */
export function fitMemory(
  source: ModelSource,
  settings: TrainingSettings,
  rowTokens: number,
  limitBytes: number,
): FittedSettings {
  const remedies: string[] = [];
  let current = settings;
  let estimate = estimateMemory(source, current, rowTokens);
  while (estimate.peakBytes > limitBytes) {
    const next = nextRemedy(current);
    if (!next) throw tooLarge(estimate, limitBytes);
    current = next.settings;
    remedies.push(next.remedy);
    estimate = estimateMemory(source, current, rowTokens);
  }
  return { settings: current, estimate, remedies };
}

function nextRemedy(settings: TrainingSettings): { settings: TrainingSettings; remedy: string } | undefined {
  const { batchUnits, accumulationSteps } = settings;
  if (settings.recompute !== 'layers') {
    return { settings: { ...settings, recompute: 'layers' }, remedy: 'gradient_checkpointing = true' };
  }
  if (batchUnits > 1) {
    // Halving an even batch keeps the effective batch exactly; an odd one goes to single rows.
    const divisor = batchUnits % 2 === 0 ? 2 : batchUnits;
    const smaller = { batchUnits: batchUnits / divisor, accumulationSteps: accumulationSteps * divisor };
    const words = `per_device_train_batch_size = ${smaller.batchUnits}, gradient_accumulation_steps = ${smaller.accumulationSteps}`;
    return { settings: { ...settings, ...smaller }, remedy: words };
  }
  if (settings.method === 'lora') return { settings: { ...settings, method: 'qlora' }, remedy: 'load_in_4bit = true' };
  return undefined;
}

const tooLarge = ({ peakBytes, residentBytes }: MemoryEstimate, limitBytes: number) =>
  refusal(
    'out_of_memory',
    `[train] expected a peak of at most ${limitBytes} bytes but even single rows take ${peakBytes} (${residentBytes} of it ` +
      'before the first row); fix: a smaller max_length, an adapter instead of full fine-tuning, or a smaller model',
    { details: { peakBytes, residentBytes, limitBytes } },
  );
