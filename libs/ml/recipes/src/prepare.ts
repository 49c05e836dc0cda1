import { deviceOfNewTensors, devices } from '@hone/tensor';
import { LoraAdapter } from '@hone/nn';
import { loadModel, type CausalModel, type ModelSource } from '@hone/models';
import type { TrainingSettings } from './arguments/training-settings.js';

/** Loads the base in the format that the method asks for, and makes the fresh adapter for it. */
export function prepareTraining(
  source: ModelSource,
  settings: TrainingSettings,
): { model: CausalModel; adapter: LoraAdapter | undefined } {
  const format = settings.method === 'qlora' ? 'nf4' : settings.precision;
  // A run that goes on elsewhere keeps its settings, but a processor multiplies by the codes themselves.
  const isUnpacked = settings.isUnpacked && devices[deviceOfNewTensors()].isQueued;
  const model = loadModel(source, { format, isUnpacked, isTrainable: settings.method === 'full' });
  const adapter = settings.lora && LoraAdapter.initial(settings.lora, model.modules, settings.seed, model.fingerprint);
  return { model, adapter };
}
