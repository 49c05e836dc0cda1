import { quantizationOf, refusal, suggest } from '@hone/base';
import { ConfigFields } from './read-fields.js';
import { readRope, type RopeConfig } from './rope.js';

/** The families that share one decoder: RMSNorm, rotary attention with grouped heads, SwiGLU. */
export type Architecture = 'LlamaForCausalLM' | 'MistralForCausalLM' | 'Qwen2ForCausalLM' | 'Qwen3ForCausalLM';

/** A config.json of Hugging Face, reduced to what decides the arithmetic. */
export interface ModelConfig {
  readonly architecture: Architecture;
  readonly modelType: string;
  readonly vocabSize: number;
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly maxPositions: number;
  readonly rmsNormEps: number;
  readonly rope: RopeConfig;
  readonly isHeadTied: boolean;
  readonly hasQkvBias: boolean;
  readonly hasOutputBias: boolean;
  readonly hasMlpBias: boolean;
  /** Qwen3 normalises each head of the queries and keys. */
  readonly hasHeadNorm: boolean;
  /** Attended tokens per layer; 0 = all. */
  readonly windows: readonly number[];
  readonly bosTokenId: number | undefined;
  readonly eosTokenIds: readonly number[];
}

const architectures: readonly Architecture[] = [
  'LlamaForCausalLM',
  'MistralForCausalLM',
  'Qwen2ForCausalLM',
  'Qwen3ForCausalLM',
];

/** Refuses by name whatever would make the forward pass differ from the one that the file describes. */
export function parseModelConfig(json: Record<string, unknown>): ModelConfig {
  const config = new ConfigFields(json);
  const architecture = readArchitecture(config);
  refuseUnsupported(config);
  quantizationOf(json);
  const hiddenSize = config.size('hidden_size');
  const heads = config.size('num_attention_heads');
  const kvHeads = config.size('num_key_value_heads', heads);
  const headDim = config.size('head_dim', hiddenSize / heads);
  const layers = config.size('num_hidden_layers');
  if (heads % kvHeads !== 0) throw config.bad('num_key_value_heads', `a divisor of num_attention_heads ${heads}`);
  if (headDim % 2 !== 0) throw config.bad('head_dim', 'an even number');
  const isQwen2 = architecture === 'Qwen2ForCausalLM';
  const isLlama = architecture === 'LlamaForCausalLM';
  const hasAttentionBias = (isLlama || architecture === 'Qwen3ForCausalLM') && config.flag('attention_bias', false);
  return {
    architecture,
    modelType: String(config.raw('model_type') ?? ''),
    vocabSize: config.size('vocab_size'),
    hiddenSize,
    intermediateSize: config.size('intermediate_size'),
    layers,
    heads,
    kvHeads,
    headDim,
    maxPositions: config.size('max_position_embeddings', 2048),
    rmsNormEps: config.number('rms_norm_eps', 1e-6),
    rope: readRope(config),
    isHeadTied: config.flag('tie_word_embeddings', false),
    hasQkvBias: isQwen2 || hasAttentionBias,
    hasOutputBias: hasAttentionBias,
    hasMlpBias: isLlama && config.flag('mlp_bias', false),
    hasHeadNorm: architecture === 'Qwen3ForCausalLM',
    windows: readWindows(config, architecture, layers),
    bosTokenId: config.ids('bos_token_id')[0],
    eosTokenIds: config.ids('eos_token_id'),
  };
}

function readArchitecture(config: ConfigFields): Architecture {
  const named = config.raw('architectures');
  const name: unknown = Array.isArray(named) ? named[0] : undefined;
  const known = architectures.find((architecture) => architecture === name);
  if (known) return known;
  const near = typeof name === 'string' ? suggest(name, architectures) : undefined;
  const message =
    `[config] architecture ${JSON.stringify(name ?? null)} is not supported; fix: use a model of ${architectures.join(', ')}` +
    (near ? ` (did you mean ${near}?)` : '');
  throw refusal('unsupported_architecture', message, { param: 'architectures' });
}

function refuseUnsupported(config: ConfigFields): void {
  config.only('hidden_act', 'silu', 'only the silu activation is built');
  config.only('partial_rotary_factor', 1, 'rotary embedding covers whole heads');
  if (config.raw('auto_map') !== undefined) {
    throw config.unsupported('auto_map', 'it asks to run code that comes with the model; Hone never runs foreign code');
  }
}

/** Mistral slides in every layer; Qwen only where use_sliding_window is set, from max_window_layers up. */
function readWindows(config: ConfigFields, architecture: Architecture, layers: number): number[] {
  const window = config.raw('sliding_window') === undefined ? 0 : config.size('sliding_window');
  const isQwen = architecture === 'Qwen2ForCausalLM' || architecture === 'Qwen3ForCausalLM';
  const firstWindowed = isQwen ? config.number('max_window_layers', 28) : 0;
  const isSliding = isQwen ? config.flag('use_sliding_window', false) : architecture === 'MistralForCausalLM';
  const types = config.raw('layer_types');
  return Array.from({ length: layers }, (_, layer) => {
    if (Array.isArray(types)) return types[layer] === 'sliding_attention' ? window : 0;
    return isSliding && layer >= firstWindowed ? window : 0;
  });
}
