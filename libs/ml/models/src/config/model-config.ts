import type { DecoderSpec } from './decoder-spec.js';

/** A config.json of Hugging Face, reduced to what decides the arithmetic. */
export interface ModelConfig {
  /** E.g. LlamaForCausalLM. */
  readonly architecture: string;
  readonly modelType: string;
  readonly vocabSize: number;
  readonly hiddenSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly maxPositions: number;
  readonly isHeadTied: boolean;
  readonly bosTokenId: number | undefined;
  readonly eosTokenIds: readonly number[];
  readonly decoder: DecoderSpec;
  /** Fields that ask for noise while training (dropout inside the base), which is not built; inference ignores them. */
  readonly trainingNoise: readonly string[];
}
