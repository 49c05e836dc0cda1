import type { ModelConfig } from './config/model-config.js';
import { weightMap } from './config/weight-map.js';

// What the kernels of native/src/cuda keep in scratch, by its largest users.
const blasBytes = 32 * 2 ** 20;
const stretchBytes = 256 * 2 ** 20;
const headTokens = 8192;
const headLogits = 2 ** 26;

export interface CardLoad {
  readonly tokens: number;
  /** Log-probabilities with their gradient are asked for, and not only logits. */
  readonly hasLoss: boolean;
  /** Weights lie in bf16, as products take them; all others are turned into it on the way. */
  readonly hasBf16Weights: boolean;
}

/**
 * Scratch memory of a card: that of cuBLASLt, and behind it one weight turned into bf16 (256 MiB of a large one at a time) and one
 * chunk of the logits in f32 (8,192 tokens or 256 MiB). The kernels grow it as they go; this is what it grows to.
 */
export function cardWorkspaceBytes(config: ModelConfig, { tokens, hasBf16Weights, hasLoss }: CardLoad): number {
  const elements = weightMap(config).map(({ role, shape }) =>
    role === 'norm' || role === 'bias' ? 0 : shape.reduce((product, size) => product * size, 1),
  );
  const turned = hasBf16Weights ? 0 : Math.min(stretchBytes, 2 * Math.max(...elements));
  const logits = hasLoss ? 4 * Math.min(headLogits, Math.min(tokens, headTokens) * config.vocabSize) : 0;
  return blasBytes + turned + logits;
}
