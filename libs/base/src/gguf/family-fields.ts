import { refuseGguf } from './cursor.js';
import type { GgufHeader } from './header.js';
import type { GgufKind } from './kinds.js';
import type { GgufFields } from './typed-fields.js';

/** What the fields of one kind are read from. */
export interface GgufModel {
  readonly kind: GgufKind;
  readonly fields: GgufFields;
  readonly tensors: GgufHeader['tensors'];
  /** The full key of a field of the architecture. */
  readonly at: (name: string) => string;
}

type Fields = Record<string, unknown>;

const silu = { hidden_act: 'silu' };
const hasBias = ({ tensors }: GgufModel, module: string): boolean => tensors.has(`blk.0.${module}.bias`);
const attentionBias = (model: GgufModel): Fields => ({ attention_bias: hasBias(model, 'attn_q') });

/** What only one kind of model has in its config.json; for what the file does not say, what llama.cpp computes. */
const readers: Readonly<Record<GgufKind, (model: GgufModel) => Fields>> = {
  llama: (model) => ({
    ...silu,
    ...attentionBias(model),
    mlp_bias: hasBias(model, 'ffn_up'),
    ...mistralFields(model),
  }),
  mixtral: (model) => {
    const { count, used } = expertsOf(model);
    return { ...silu, num_local_experts: count, num_experts_per_tok: used, sliding_window: null };
  },
  qwen2: () => silu,
  qwen3: (model) => ({ ...silu, ...attentionBias(model) }),
  qwen3moe: (model) => {
    const { count, used } = expertsOf(model);
    const inner = model.fields.size(model.at('expert_feed_forward_length'));
    return {
      ...{ ...silu, ...attentionBias(model) },
      ...{ num_experts: count, num_experts_per_tok: used, moe_intermediate_size: inner },
      // Every layer is a mixture, and the chosen probabilities sum to one.
      ...{ decoder_sparse_step: 1, mlp_only_layers: [], norm_topk_prob: true },
    };
  },
  gemma2: (model) => ({
    ...gemmaFields(model, 46),
    attn_logit_softcapping: model.fields.float(model.at('attn_logit_softcapping'), 50),
    final_logit_softcapping: model.fields.float(model.at('final_logit_softcapping'), 30),
    sliding_window: model.fields.size(model.at('attention.sliding_window'), 4096),
  }),
  gemma3: (model) => ({
    ...gemmaFields(model, 62),
    sliding_window: windowOf(model),
    rope_local_base_freq: model.fields.float(model.at('rope.freq_base_swa'), 10_000),
    ...layerTypesOf(model),
    ...finalCapOf(model),
  }),
  phi3: (model) => {
    const { fields, tensors } = model;
    if (tensors.has('rope_factors_long.weight') || tensors.has('rope_factors_short.weight')) {
      throw refuseGguf(fields.file, 'rotary factors for long contexts (longrope) are not built', 'use a model without');
    }
    return { ...silu, sliding_window: windowOf(model) };
  },
  gpt2: ({ fields, at }) => ({
    n_embd: fields.size(at('embedding_length')),
    n_head: fields.size(at('attention.head_count')),
    n_layer: fields.size(at('block_count')),
    n_positions: fields.size(at('context_length')),
    n_inner: fields.size(at('feed_forward_length')),
    layer_norm_epsilon: fields.float(at('attention.layer_norm_epsilon')),
    activation_function: 'gelu_new',
    // A file for answering says nothing of dropout.
    ...{ resid_pdrop: 0, embd_pdrop: 0, attn_pdrop: 0 },
  }),
};

export const ownFieldsOf = (model: GgufModel): Fields => readers[model.kind](model);

/** Only Mistral's first model slides, in every layer; it carries the architecture llama. */
function mistralFields(model: GgufModel): Fields {
  const window = windowOf(model);
  return window === null
    ? {}
    : { architectures: ['MistralForCausalLM'], model_type: 'mistral', sliding_window: window };
}

/** Attended tokens of a sliding layer; 0, like no entry, is none. */
function windowOf({ fields, at }: GgufModel): number | null {
  const window = fields.id(at('attention.sliding_window')) ?? 0;
  return window === 0 ? null : window;
}

function expertsOf({ fields, at }: GgufModel): { count: number; used: number } {
  fields.only(at('expert_shared_count'), 0, 'experts that every token takes are not built');
  fields.only(at('expert_weights_scale'), 1, 'the weights of experts are not scaled');
  return { count: fields.size(at('expert_count')), used: fields.size(at('expert_used_count')) };
}

/**
 * Scores are divided by the root of the head size; in the largest model, which has so many layers, by that of the hidden size
 * per head. The file does not say it, and llama.cpp tells the models apart in the same way.
 */
function gemmaFields({ fields, at }: GgufModel, layersOfLargest: number): Fields {
  const [heads, hiddenSize] = [fields.size(at('attention.head_count')), fields.size(at('embedding_length'))];
  const headDim = fields.size(at('attention.key_length'), hiddenSize / heads);
  const isLargest = fields.size(at('block_count')) === layersOfLargest;
  return {
    hidden_activation: 'gelu_pytorch_tanh',
    query_pre_attn_scalar: isLargest ? hiddenSize / heads : headDim,
    attention_bias: false,
  };
}

/** Five sliding layers and one that sees everything, unless the file has another period or a mark for each layer. */
function layerTypesOf({ fields, at }: GgufModel): Fields {
  const key = at('attention.sliding_window_pattern');
  const value = fields.fields.get(key);
  if (!Array.isArray(value)) return { sliding_window_pattern: fields.size(key, 6) };
  const marks = value as readonly unknown[];
  if (!marks.every((mark) => typeof mark === 'boolean')) throw fields.bad(key, 'true or false for each layer');
  return { layer_types: marks.map((slides) => (slides ? 'sliding_attention' : 'full_attention')) };
}

function finalCapOf({ fields, at }: GgufModel): Fields {
  const key = at('final_logit_softcapping');
  return fields.fields.has(key) ? { final_logit_softcapping: fields.float(key) } : {};
}
