import type { ModelFamily } from './family.js';
import { gemma2 } from './gemma2.js';
import { gemma3 } from './gemma3.js';
import { gpt2 } from './gpt2.js';
import { llama } from './llama.js';
import { mistral } from './mistral.js';
import { mixtral } from './mixtral.js';
import { phi3 } from './phi3.js';
import { qwen2 } from './qwen2.js';
import { qwen3 } from './qwen3.js';
import { qwen3Moe } from './qwen3-moe.js';
import { smollm3 } from './smollm3.js';

/** Every supported family; a new one is a file beside this one and a line here. */
export const families: readonly ModelFamily[] = [
  llama,
  mistral,
  mixtral,
  qwen2,
  qwen3,
  qwen3Moe,
  gemma2,
  gemma3,
  phi3,
  gpt2,
  smollm3,
];

export const familyOfModelType = (modelType: string): ModelFamily | undefined =>
  families.find((family) => family.modelType === modelType);
