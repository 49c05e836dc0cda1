import { ownFieldsOf, type GgufModel } from './family-fields.js';
import type { GgufHeader } from './header.js';
import { ggufClasses, ggufKindOf, ggufWordOf } from './kinds.js';
import { GgufFields } from './typed-fields.js';
import { llama3Scaling } from './rope-factors.js';

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
  const kind = ggufKindOf(fields);
  const model: GgufModel = { kind, fields, tensors: header.tensors, at: (name) => `${ggufWordOf(kind)}.${name}` };
  const { architecture, modelType } = ggufClasses[kind];
  return {
    architectures: [architecture],
    model_type: modelType,
    vocab_size: header.tensors.get('token_embd.weight')?.shape[0] ?? fields.size(model.at('vocab_size')),
    tie_word_embeddings: !header.tensors.has('output.weight'),
    ...(kind === 'gpt2' ? {} : decoderFieldsOf(model, readFloats)),
    ...ownFieldsOf(model),
    ...tokenIds(fields),
    torch_dtype: 'float32',
  };
}

/** The fields of every decoder with rotary embeddings. */
function decoderFieldsOf(
  { fields, tensors, at }: GgufModel,
  readFloats: (tensor: string) => Float32Array,
): Record<string, unknown> {
  const heads = fields.size(at('attention.head_count'));
  const hiddenSize = fields.size(at('embedding_length'));
  const rotary = fields.size(at('rope.dimension_count'), hiddenSize / heads);
  const headDim = fields.size(at('attention.key_length'), rotary);
  fields.only(at('attention.value_length'), headDim, 'keys and values have heads of one size');
  if (rotary !== headDim) fields.only(at('rope.dimension_count'), headDim, 'rotary embedding covers whole heads');
  const scaling = scalingOf(fields, at) ?? (tensors.has('rope_freqs.weight') ? { factors: true } : undefined);
  const theta = fields.float(at('rope.freq_base'), 10_000);
  return {
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
        'factors' in scaling ? llama3Scaling(fields.file, readFloats('rope_freqs.weight'), theta, headDim) : scaling,
    }),
  };
}

function scalingOf(fields: GgufFields, at: GgufModel['at']): Record<string, unknown> | undefined {
  const legacy = fields.float(at('rope.scale_linear'), 1);
  const type = fields.text(at('rope.scaling.type'), legacy === 1 ? 'none' : 'linear');
  if (type === 'none') return undefined;
  return { rope_type: type, factor: fields.float(at('rope.scaling.factor'), legacy) };
}

/** A chat ends at the end of a turn as well as at the end of a text. */
function tokenIds(fields: GgufFields): Record<string, unknown> {
  const ids = ['eos', 'eot', 'eom'].map((kind) => fields.id(`tokenizer.ggml.${kind}_token_id`));
  const ends = [...new Set(ids.filter((id) => id !== undefined))];
  const bos = fields.id('tokenizer.ggml.bos_token_id');
  return { ...(bos === undefined ? {} : { bos_token_id: bos }), ...(ends.length > 0 && { eos_token_id: ends }) };
}
