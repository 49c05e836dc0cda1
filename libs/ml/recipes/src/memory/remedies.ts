import type { TrainingSettings } from '../arguments/training-settings.js';
import type { ComputingDevice } from './estimate-memory.js';

/** A change of settings that takes less memory and leaves the effective batch as it is. */
export interface Remedy {
  readonly name:
    | 'micro-batch'
    | 'recompute-cheap'
    | 'recompute-layers'
    | 'recompute-offload'
    | 'base-4bit'
    | 'optimizer-paged'
    | 'optimizer-8bit';
  /** The same change in the words of the arguments. */
  readonly words: string;
  readonly change: Partial<TrainingSettings>;
}

/**
 * What can still be done, cheapest first: smaller micro-batches change nothing but the order of a sum; computing norms and
 * SwiGLU again costs a few per cent of a step, whole layers a third; a 4-bit base rounds the frozen weights; 8-bit moments round
 * the optimiser's state. `is4BitPossible`: whether the base can be held as NF4.
 *
 * On a card, which large batches keep busy, what is cheap is computed again before a batch is cut; and what layers leave behind, and
 * the moments, can wait in host memory, which changes no number, before anything is rounded. On a processor the device's memory is
 * the host's.
 */
export function remediesOf(
  settings: TrainingSettings,
  is4BitPossible: boolean,
  device: ComputingDevice = 'cpu',
): Remedy[] {
  const found: Remedy[] = [];
  const smaller = smallerBatch(settings);
  if (smaller && device === 'cpu') found.push(smaller);
  if (settings.recompute === 'none') {
    const words = 'recompute_granularity = selective';
    found.push({ name: 'recompute-cheap', words, change: { recompute: 'cheap' } });
  }
  if (smaller && device === 'cuda') found.push(smaller);
  if (settings.recompute !== 'layers') {
    const words = 'gradient_checkpointing = true';
    found.push({ name: 'recompute-layers', words, change: { recompute: 'layers' } });
  }
  if (device === 'cuda') found.push(...onHost(settings));
  if (settings.method === 'lora' && is4BitPossible) {
    found.push({ name: 'base-4bit', words: 'load_in_4bit = true', change: { method: 'qlora', precision: 'f32' } });
  }
  if (settings.optimizer === 'adamw') {
    const words = settings.isPaged ? 'optim = paged_adamw_8bit' : 'optim = adamw_8bit';
    found.push({ name: 'optimizer-8bit', words, change: { optimizer: 'adamw8bit', isPaged: settings.isPaged } });
  }
  return found;
}

function onHost({ isOffloaded, isPaged, optimizer }: TrainingSettings): Remedy[] {
  const words = 'activation_offloading = true';
  const paged = optimizer === 'adamw8bit' ? 'paged_adamw_8bit' : 'paged_adamw';
  const offload = { name: 'recompute-offload', words, change: { recompute: 'layers', isOffloaded: true } } as const;
  const page = { name: 'optimizer-paged', words: `optim = ${paged}`, change: { optimizer, isPaged: true } } as const;
  return [...(isOffloaded ? [] : [offload]), ...(isPaged ? [] : [page])];
}

/** Halving an even batch keeps the effective batch exactly; an odd one goes to single rows. */
function smallerBatch({ batchUnits, accumulationSteps }: TrainingSettings): Remedy | undefined {
  if (batchUnits === 1) return undefined;
  const divisor = batchUnits % 2 === 0 ? 2 : batchUnits;
  const change = { batchUnits: batchUnits / divisor, accumulationSteps: accumulationSteps * divisor };
  const words = `per_device_train_batch_size = ${change.batchUnits}, gradient_accumulation_steps = ${change.accumulationSteps}`;
  return { name: 'micro-batch', words, change };
}
