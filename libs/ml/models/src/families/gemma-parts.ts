import type { Activation, AttentionSpec, DecoderSpec, LayerSpec } from '../config/decoder-spec.js';
import type { ModelConfig } from '../config/model-config.js';
import type { ConfigFields } from '../config/read-fields.js';
import { decoder, gatedMlp, rmsNorm } from './decoder-parts.js';

type GemmaShape = Pick<ModelConfig, 'hiddenSize' | 'layers' | 'isHeadTied'>;

/** Norms before and after attention and mlp, all with factor 1 + weight; a gate of GELU; embeddings times sqrt(hidden_size). */
export function gemmaDecoder(
  config: ConfigFields,
  shape: GemmaShape,
  eps: number,
  attentionOf: (path: string, index: number) => AttentionSpec,
): DecoderSpec {
  if (config.flag('use_bidirectional_attention', false)) {
    throw config.unsupported('use_bidirectional_attention', 'attention is causal');
  }
  const { hiddenSize } = shape;
  const inner = config.size('intermediate_size');
  const activation = readActivation(config);
  const layerOf = (path: string, index: number): LayerSpec => {
    const norm = (name: string) => rmsNorm(`${path}.${name}`, hiddenSize, eps, 1);
    return {
      attentionNorm: norm('input_layernorm'),
      attention: attentionOf(path, index),
      attentionOutputNorm: norm('post_attention_layernorm'),
      mlpNorm: norm('pre_feedforward_layernorm'),
      mlp: gatedMlp(`${path}.mlp`, hiddenSize, inner, { activation }),
      mlpOutputNorm: norm('post_feedforward_layernorm'),
    };
  };
  return {
    ...decoder(shape, eps, layerOf),
    embeddingScale: Math.sqrt(hiddenSize),
    norm: rmsNorm('model.norm', hiddenSize, eps, 1),
    logitSoftcap: config.numberOrNone('final_logit_softcapping', undefined) ?? 0,
  };
}

/** hidden_activation decides; hidden_act stands in older files too and transformers does not read it. */
function readActivation(config: ConfigFields): Activation {
  const name = config.raw('hidden_activation') ?? 'gelu_pytorch_tanh';
  if (name === 'gelu_pytorch_tanh') return 'gelu-tanh';
  if (name === 'gelu') return 'gelu';
  throw config.unsupported('hidden_activation', 'only gelu_pytorch_tanh and gelu are built for this architecture');
}

/** Scores are divided by the root of query_pre_attn_scalar, not of the head size. */
export const readGemmaScale = (config: ConfigFields): number =>
  1 / Math.sqrt(config.size('query_pre_attn_scalar', 256));
