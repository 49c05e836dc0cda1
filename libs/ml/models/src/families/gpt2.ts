import type { Activation, LinearSpec, NormSpec } from '../config/decoder-spec.js';
import type { ConfigFields } from '../config/read-fields.js';
import { noiseOf, readTokenIds } from './decoder-fields.js';
import type { ModelFamily } from './family.js';

/** GPT-2: layer norms, learned positions, one product for queries, keys and values, weights that lie transposed in the file. */
export const gpt2: ModelFamily = {
  architecture: 'GPT2LMHeadModel',
  modelType: 'gpt2',
  loraTargets: ['c_attn'],
  hasTransposedWeights: true,
  read(config) {
    refuseVariants(config);
    const hiddenSize = config.size('n_embd', 768);
    const heads = config.size('n_head', 12);
    if (hiddenSize % heads !== 0) throw config.bad('n_head', `a divisor of n_embd ${hiddenSize}`);
    const headDim = hiddenSize / heads;
    const inner = config.size('n_inner', 4 * hiddenSize);
    const eps = config.number('layer_norm_epsilon', 1e-5);
    const isHeadTied = config.flag('tie_word_embeddings', true);
    const layers = config.size('n_layer', 12);
    const activation = readActivation(config);
    const isScaled = config.flag('scale_attn_weights', true);
    const isScaledByLayer = config.flag('scale_attn_by_inverse_layer_idx', false);
    return {
      vocabSize: config.size('vocab_size', 50_257),
      ...{ hiddenSize, layers, heads, headDim, isHeadTied },
      kvHeads: heads,
      maxPositions: config.size('n_positions', 1024),
      trainingNoise: noiseOf(config, ['resid_pdrop', 'embd_pdrop', 'attn_pdrop'], 0.1),
      ...readTokenIds(config),
      decoder: {
        embeddingPath: 'transformer.wte',
        embeddingScale: 1,
        positionPath: 'transformer.wpe',
        layers: Array.from({ length: layers }, (_, index) => {
          const path = `transformer.h.${index}`;
          return {
            attentionNorm: layerNorm(`${path}.ln_1`, hiddenSize, eps),
            attention: {
              projection: { kind: 'fused', qkv: conv1d(`${path}.attn.c_attn`, 3 * hiddenSize, hiddenSize) },
              output: conv1d(`${path}.attn.c_proj`, hiddenSize, hiddenSize),
              ...{ heads, kvHeads: heads, headDim, headNorms: undefined, rope: undefined },
              scale: (isScaled ? 1 / Math.sqrt(headDim) : 1) / (isScaledByLayer ? index + 1 : 1),
              ...{ window: 0, softcap: 0 },
            },
            mlpNorm: layerNorm(`${path}.ln_2`, hiddenSize, eps),
            mlp: {
              ...{ kind: 'plain', activation },
              up: conv1d(`${path}.mlp.c_fc`, inner, hiddenSize),
              down: conv1d(`${path}.mlp.c_proj`, hiddenSize, inner),
            },
          };
        }),
        norm: layerNorm('transformer.ln_f', hiddenSize, eps),
        headPath: isHeadTied ? undefined : 'lm_head',
        logitSoftcap: 0,
      },
    };
  },
};

const layerNorm = (path: string, size: number, eps: number): NormSpec => ({ kind: 'layer', path, size, eps });

const conv1d = (path: string, outFeatures: number, inFeatures: number): LinearSpec => ({
  ...{ path, outFeatures, inFeatures },
  hasBias: true,
  isTransposed: true,
});

function refuseVariants(config: ConfigFields): void {
  config.only('add_cross_attention', false, 'there is no encoder to attend to');
}

function readActivation(config: ConfigFields): Exclude<Activation, 'silu'> {
  const name = config.raw('activation_function') ?? 'gelu_new';
  if (name === 'gelu_new' || name === 'gelu_pytorch_tanh') return 'gelu-tanh';
  if (name === 'gelu') return 'gelu';
  throw config.unsupported('activation_function', 'only gelu_new, gelu_pytorch_tanh and gelu are built');
}
