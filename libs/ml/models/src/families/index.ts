import type { ModelFamily } from './family.js';
import { llama } from './llama.js';
import { mistral } from './mistral.js';
import { qwen2 } from './qwen2.js';
import { qwen3 } from './qwen3.js';
import { smollm3 } from './smollm3.js';

/** Every supported family; a new one is a file beside this one and a line here. */
export const families: readonly ModelFamily[] = [llama, mistral, qwen2, qwen3, smollm3];

export const familyOfModelType = (modelType: string): ModelFamily | undefined =>
  families.find((family) => family.modelType === modelType);
