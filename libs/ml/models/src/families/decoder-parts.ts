import type {
  Activation,
  AttentionSpec,
  DecoderSpec,
  GatedMlpSpec,
  LayerSpec,
  LinearSpec,
  NormSpec,
} from '../config/decoder-spec.js';
import type { ModelConfig } from '../config/model-config.js';

// The names that nearly all decoders on Hugging Face share, written once.

export const linear = (path: string, outFeatures: number, inFeatures: number, hasBias = false): LinearSpec => ({
  path,
  outFeatures,
  inFeatures,
  hasBias,
});

/** `offset` 1: the file holds the factor's distance from one, as in Gemma. */
export const rmsNorm = (path: string, size: number, eps: number, offset: 0 | 1 = 0): NormSpec => ({
  kind: 'rms',
  ...{ path, size, eps, offset },
});

/** self_attn with q_proj, k_proj, v_proj and o_proj. */
export function separateAttention(
  layer: string,
  { hiddenSize, heads, kvHeads, headDim }: Pick<ModelConfig, 'hiddenSize' | 'heads' | 'kvHeads' | 'headDim'>,
  options: Pick<AttentionSpec, 'rope' | 'window'> &
    Partial<Pick<AttentionSpec, 'scale' | 'softcap' | 'headNorms'>> & { hasQkvBias?: boolean; hasOutputBias?: boolean },
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
    softcap: 0,
    headNorms: undefined,
    ...rest,
  };
}

/** gate_proj, up_proj and down_proj under `path`. */
export const gatedMlp = (
  path: string,
  hiddenSize: number,
  inner: number,
  { hasBias = false, activation = 'silu' as Activation } = {},
): GatedMlpSpec => ({
  kind: 'gated',
  activation,
  gate: linear(`${path}.gate_proj`, inner, hiddenSize, hasBias),
  up: linear(`${path}.up_proj`, inner, hiddenSize, hasBias),
  down: linear(`${path}.down_proj`, hiddenSize, inner, hasBias),
});

/** input_layernorm and post_attention_layernorm, before attention and mlp. */
export const preNorms = (layer: string, size: number, eps: number): Pick<LayerSpec, 'attentionNorm' | 'mlpNorm'> => ({
  attentionNorm: rmsNorm(`${layer}.input_layernorm`, size, eps),
  mlpNorm: rmsNorm(`${layer}.post_attention_layernorm`, size, eps),
});

/** model.embed_tokens, model.layers.N, model.norm, lm_head unless it is tied. */
export function decoder(
  { hiddenSize, layers, isHeadTied }: Pick<ModelConfig, 'hiddenSize' | 'layers' | 'isHeadTied'>,
  eps: number,
  layerOf: (path: string, index: number) => LayerSpec,
): DecoderSpec {
  return {
    embeddingPath: 'model.embed_tokens',
    embeddingScale: 1,
    positionPath: undefined,
    layers: Array.from({ length: layers }, (_, index) => layerOf(`model.layers.${index}`, index)),
    norm: rmsNorm('model.norm', hiddenSize, eps),
    headPath: isHeadTied ? undefined : 'lm_head',
    logitSoftcap: 0,
  };
}
