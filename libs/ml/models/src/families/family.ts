import type { ModelConfig } from '../config/model-config.js';
import type { ConfigFields } from '../config/read-fields.js';

/** One architecture of Hugging Face: how its config.json is read and what its decoder is made of. */
export interface ModelFamily {
  /** The class that config.json names first under architectures. */
  readonly architecture: string;
  readonly modelType: string;
  /** The modules that PEFT adapts when a configuration names none; absent = PEFT wants them named. */
  readonly loraTargets?: readonly string[];
  /** Files hold linear weights as [in, out] (Conv1D); PEFT calls this fan_in_fan_out. */
  readonly hasTransposedWeights?: true;
  /** Code that published files name under auto_map and that transformers took over as this very class: it need not run. */
  readonly adoptedCode?: string;
  read(config: ConfigFields): Omit<ModelConfig, 'architecture' | 'modelType'>;
}
