import type { ModelConfig } from './config/model-config.js';
import { weightMap } from './config/weight-map.js';

// What the kernels of native/src/cuda keep in scratch, by its largest users.
const blasBytes = 32 * 2 ** 20;
const stretchBytes = 256 * 2 ** 20;
const headTokens = 8192;
const headLogits = 2 ** 26;

// Paged attention splits rows until there are 8 blocks a multiprocessor, so that two splits are those of at most 4: no card has more than these.
const multiprocessorsMost = 160;

export interface CardLoad {
  readonly tokens: number;
  /** Log-probabilities with their gradient are asked for, and not only logits. */
  readonly hasLoss: boolean;
  /** Weights lie in bf16, as products take them; all others are turned into it on the way. */
  readonly hasBf16Weights: boolean;
  /** Sequences that a step of serving has at most; absent where nothing is served. */
  readonly sequences?: number;
}

/**
 * Scratch memory of a card: that of cuBLASLt, and behind it one weight turned into bf16 (256 MiB of a large one at a time) and one
 * chunk of the logits in f32 (8,192 tokens or 256 MiB); or, from its begin, what the parts of split rows gave to paged attention. The kernels
 * grow it as they go; this is what it grows to.
 */
export function cardWorkspaceBytes(config: ModelConfig, load: CardLoad): number {
  const { tokens, hasBf16Weights, hasLoss, sequences } = load;
  const elements = weightMap(config).map(({ role, shape }) =>
    role === 'norm' || role === 'bias' ? 0 : shape.reduce((product, size) => product * size, 1),
  );
  const turned = hasBf16Weights ? 0 : Math.min(stretchBytes, 2 * Math.max(...elements));
  const logits = hasLoss ? 4 * Math.min(headLogits, Math.min(tokens, headTokens) * config.vocabSize) : 0;
  const attention = sequences === undefined ? 0 : attentionBytes(config, sequences, tokens);
  return Math.max(blasBytes + turned + logits, attention);
}

/** Of each unit of keys of a row and a head: f32 values, their largest score and the sum of their weights (paged-attention-row.cu). */
function attentionBytes(
  { heads, kvHeads, headDim, maxPositions }: ModelConfig,
  sequences: number,
  tokens: number,
): number {
  // Rows, and the width of the block table, are rounded up to less than twice their number.
  const lines = Math.min(2 * sequences, Math.floor((4 * multiprocessorsMost) / kvHeads));
  const positions = 2 ** Math.ceil(Math.log2(maxPositions));
  return 4 * (tokens + 64) + 4 * lines * heads * unitsOf(positions) * (headDim + 2);
}

/** As unit_of in native/src/cuda/attention/paged-attention-units.h: 16 of 256 keys, 24 of 512, 48 of 1024, then of 2048. */
function unitsOf(positions: number): number {
  const [first, second, third] = [4096, 16384, 65536];
  const within = (begin: number, end: number, keys: number) =>
    Math.ceil(Math.max(0, Math.min(positions, end) - begin) / keys);
  return (
    within(0, first, 256) + within(first, second, 512) + within(second, third, 1024) + within(third, Infinity, 2048)
  );
}
