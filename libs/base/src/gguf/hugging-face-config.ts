import { refuseGguf } from './cursor.js';
import type { GgufHeader } from './header.js';
import { GgufFields } from './typed-fields.js';
import { llama3Scaling } from './rope-factors.js';

/** GGUF's architecture -> the class that a config.json names, and its model_type. */
const families: Readonly<Record<string, { architecture: string; modelType: string }>> = {
  llama: { architecture: 'LlamaForCausalLM', modelType: 'llama' },
  qwen2: { architecture: 'Qwen2ForCausalLM', modelType: 'qwen2' },
  qwen3: { architecture: 'Qwen3ForCausalLM', modelType: 'qwen3' },
};

/** GGUF's word for the architecture of a config.json, for writing. */
export function ggufArchitectureOf(architecture: string): string | undefined {
  if (architecture === 'MistralForCausalLM') return 'llama';
  return Object.keys(families).find((word) => families[word]?.architecture === architecture);
}

/**
 * The config.json that a GGUF file's metadata and tensor list stand for. `readFloats` gives the values of a small F32 tensor
 * (the rotary factors of Llama 3). Refuses by name what a config.json of these families cannot say.
 */
export function configOfGguf(
  file: string,
  header: GgufHeader,
  readFloats: (tensor: string) => Float32Array,
): Record<string, unknown> {
  const fields = new GgufFields(file, header.fields);
  const word = fields.text('general.architecture');
  const family = Object.hasOwn(families, word) ? families[word] : undefined;
  if (!family) {
    const known = Object.keys(families).join(', ');
    throw refuseGguf(file, `the architecture ${JSON.stringify(word)} is not supported`, `use a model of ${known}`);
  }
  const at = (name: string): string => `${word}.${name}`;
  const heads = fields.size(at('attention.head_count'));
  const hiddenSize = fields.size(at('embedding_length'));
  const rotary = fields.size(at('rope.dimension_count'), hiddenSize / heads);
  const headDim = fields.size(at('attention.key_length'), rotary);
  fields.only(at('attention.value_length'), headDim, 'keys and values have heads of one size');
  if (rotary !== headDim) fields.only(at('rope.dimension_count'), headDim, 'rotary embedding covers whole heads');
  const { tensors } = header;
  const embedding = tensors.get('token_embd.weight');
  const scaling = scalingOf(fields, word) ?? (tensors.has('rope_freqs.weight') ? { factors: true } : undefined);
  const theta = fields.float(at('rope.freq_base'), 10_000);
  return {
    architectures: [family.architecture],
    model_type: family.modelType,
    vocab_size: embedding?.shape[0] ?? fields.size(at('vocab_size')),
    hidden_size: hiddenSize,
    intermediate_size: fields.size(at('feed_forward_length')),
    num_hidden_layers: fields.size(at('block_count')),
    num_attention_heads: heads,
    num_key_value_heads: fields.size(at('attention.head_count_kv'), heads),
    head_dim: headDim,
    max_position_embeddings: fields.size(at('context_length')),
    rms_norm_eps: fields.float(at('attention.layer_norm_rms_epsilon')),
    rope_theta: theta,
    ...(scaling && {
      rope_scaling:
        'factors' in scaling ? llama3Scaling(file, readFloats('rope_freqs.weight'), theta, headDim) : scaling,
    }),
    hidden_act: 'silu',
    tie_word_embeddings: !tensors.has('output.weight'),
    ...(word === 'qwen2' ? {} : { attention_bias: tensors.has('blk.0.attn_q.bias') }),
    ...(word === 'llama' ? { mlp_bias: tensors.has('blk.0.ffn_up.bias') } : {}),
    ...windowOf(fields, word),
    ...tokenIds(fields),
    torch_dtype: 'float32',
  };
}

function scalingOf(fields: GgufFields, word: string): Record<string, unknown> | undefined {
  const legacy = fields.float(`${word}.rope.scale_linear`, 1);
  const type = fields.text(`${word}.rope.scaling.type`, legacy === 1 ? 'none' : 'linear');
  if (type === 'none') return undefined;
  return { rope_type: type, factor: fields.float(`${word}.rope.scaling.factor`, legacy) };
}

/** Only Mistral's first model slides, in every layer; it carries the architecture llama. */
function windowOf(fields: GgufFields, word: string): Record<string, unknown> {
  const window = fields.size(`${word}.attention.sliding_window`, 1);
  if (window === 1) return {};
  return { architectures: ['MistralForCausalLM'], model_type: 'mistral', sliding_window: window };
}

/** A chat ends at the end of a turn as well as at the end of a text. */
function tokenIds(fields: GgufFields): Record<string, unknown> {
  const ids = ['eos', 'eot', 'eom'].map((kind) => fields.id(`tokenizer.ggml.${kind}_token_id`));
  const ends = [...new Set(ids.filter((id) => id !== undefined))];
  const bos = fields.id('tokenizer.ggml.bos_token_id');
  return { ...(bos === undefined ? {} : { bos_token_id: bos }), ...(ends.length > 0 && { eos_token_id: ends }) };
}
