import type { AttentionSpec, DecoderSpec, LayerSpec, LinearSpec, MlpSpec, NormSpec } from '../config/decoder-spec.js';
import type { ModelConfig } from '../config/model-config.js';

// The names that nearly all decoders on Hugging Face share, written once.

export const linear = (path: string, outFeatures: number, inFeatures: number, hasBias = false): LinearSpec => ({
  path,
  outFeatures,
  inFeatures,
  hasBias,
});

export const rmsNorm = (path: string, size: number, eps: number): NormSpec => ({ kind: 'rms', path, size, eps });

/** self_attn with q_proj, k_proj, v_proj and o_proj. */
export function separateAttention(
  layer: string,
  { hiddenSize, heads, kvHeads, headDim }: Pick<ModelConfig, 'hiddenSize' | 'heads' | 'kvHeads' | 'headDim'>,
  options: Pick<AttentionSpec, 'rope' | 'window'> &
    Partial<Pick<AttentionSpec, 'scale' | 'headNorms'>> & { hasQkvBias?: boolean; hasOutputBias?: boolean },
): AttentionSpec {
  const { hasQkvBias, hasOutputBias, ...rest } = options;
  const at = (name: string) => `${layer}.self_attn.${name}`;
  return {
    projection: {
      kind: 'separate',
      q: linear(at('q_proj'), heads * headDim, hiddenSize, hasQkvBias),
      k: linear(at('k_proj'), kvHeads * headDim, hiddenSize, hasQkvBias),
      v: linear(at('v_proj'), kvHeads * headDim, hiddenSize, hasQkvBias),
    },
    output: linear(at('o_proj'), hiddenSize, heads * headDim, hasOutputBias),
    ...{ heads, kvHeads, headDim },
    scale: 1 / Math.sqrt(headDim),
    headNorms: undefined,
    ...rest,
  };
}

/** mlp with gate_proj, up_proj and down_proj. */
export const gatedMlp = (layer: string, hiddenSize: number, inner: number, hasBias = false): MlpSpec => ({
  kind: 'gated',
  gate: linear(`${layer}.mlp.gate_proj`, inner, hiddenSize, hasBias),
  up: linear(`${layer}.mlp.up_proj`, inner, hiddenSize, hasBias),
  down: linear(`${layer}.mlp.down_proj`, hiddenSize, inner, hasBias),
});

/** model.embed_tokens, model.layers.N with two RMS norms each, model.norm, lm_head. */
export function llamaDecoder(
  { hiddenSize, layers, isHeadTied }: Pick<ModelConfig, 'hiddenSize' | 'layers' | 'isHeadTied'>,
  eps: number,
  layerOf: (path: string, index: number) => Pick<LayerSpec, 'attention' | 'mlp'>,
): DecoderSpec {
  return {
    embeddingPath: 'model.embed_tokens',
    layers: Array.from({ length: layers }, (_, index) => {
      const path = `model.layers.${index}`;
      return {
        attentionNorm: rmsNorm(`${path}.input_layernorm`, hiddenSize, eps),
        mlpNorm: rmsNorm(`${path}.post_attention_layernorm`, hiddenSize, eps),
        ...layerOf(path, index),
      };
    }),
    norm: rmsNorm('model.norm', hiddenSize, eps),
    headPath: isHeadTied ? undefined : 'lm_head',
  };
}
