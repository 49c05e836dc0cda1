import { llama3Factors, type GgufField, type GgufKind } from '@hone/base';
import type { LayerSpec, MlpSpec } from '../../config/decoder-spec.js';
import type { ModelConfig } from '../../config/model-config.js';
import type { RopeConfig } from '../../config/rope.js';
import { f32, u32, unsupported } from './field-values.js';

type Fields = Record<string, GgufField>;

/** What every architecture with rotary embeddings says of them: those of a layer that attends to everything. */
export function rotaryFieldsOf(config: ModelConfig): { fields: Fields; ropeFactors: Float32Array | undefined } {
  const { layers } = config.decoder;
  const rope = (layers.find(({ attention }) => attention.window === 0) ?? layers[0])?.attention.rope;
  if (!rope || layers.some(({ attention }) => !attention.rope)) {
    throw unsupported('not all of its layers have a rotary embedding');
  }
  const { theta, scaling } = rope;
  const linear: Fields =
    scaling.type === 'linear'
      ? { 'rope.scaling.type': { type: 'string', value: 'linear' }, 'rope.scaling.factor': f32(scaling.factor) }
      : {};
  const fields = {
    'attention.key_length': u32(config.headDim),
    'attention.value_length': u32(config.headDim),
    'rope.dimension_count': u32(config.headDim),
    'rope.freq_base': f32(theta),
    ...linear,
  };
  return { fields, ropeFactors: factorsOf(rope, config.headDim) };
}

function factorsOf({ theta, scaling }: RopeConfig, headDim: number): Float32Array | undefined {
  if (scaling.type === 'default' || scaling.type === 'linear') return undefined;
  const isPublished =
    scaling.type === 'llama3' &&
    scaling.lowFreqFactor === 1 &&
    scaling.highFreqFactor === 4 &&
    scaling.originalMaxPositions === 8192;
  if (!isPublished) throw unsupported(`its rotary scaling ${scaling.type} has other parameters than Llama 3`);
  return llama3Factors(scaling.factor, theta, headDim);
}

const writers: Readonly<Record<GgufKind, (config: ModelConfig) => Fields>> = {
  llama: plainFields,
  qwen2: plainFields,
  qwen3: plainFields,
  mixtral: (config) => mixtureFields(config).fields,
  qwen3moe: (config) => {
    const { fields, inner } = mixtureFields(config);
    return { ...fields, expert_feed_forward_length: u32(inner) };
  },
  gemma2: (config) => gemmaFields(config, 2, 46),
  gemma3: (config) => gemmaFields(config, 6, 62),
  phi3: plainFields,
  gpt2: plainFields,
};

export const ownFieldsOf = (kind: GgufKind, config: ModelConfig): Fields => writers[kind](config);

/** Every layer attends to everything, and all have the mlp that llama.cpp builds for the architecture. */
function plainFields(config: ModelConfig): Fields {
  refuseWindows(config);
  refuseScales(config, 1 / Math.sqrt(config.headDim));
  return { feed_forward_length: u32(same(config, innerSizeOf)) };
}

function mixtureFields(config: ModelConfig): { fields: Fields; inner: number } {
  refuseWindows(config);
  refuseScales(config, 1 / Math.sqrt(config.headDim));
  for (const { mlp } of config.decoder.layers) {
    if (mlp.kind !== 'experts') throw unsupported('some of its layers have no experts');
    if (!mlp.isRenormalised) throw unsupported('the weights of its chosen experts do not sum to one');
  }
  const inner = same(config, innerSizeOf);
  const countOf = (mlp: MlpSpec): number => (mlp.kind === 'experts' ? mlp.experts.length : 0);
  const usedOf = (mlp: MlpSpec): number => (mlp.kind === 'experts' ? mlp.expertsPerToken : 0);
  return {
    inner,
    fields: {
      feed_forward_length: u32(inner),
      expert_count: u32(same(config, countOf)),
      expert_used_count: u32(same(config, usedOf)),
    },
  };
}

/** llama.cpp knows which layers slide by their number, and the scale of the scores by the number of layers. */
function gemmaFields(config: ModelConfig, period: number, layersOfLargest: number): Fields {
  const { layers, logitSoftcap } = config.decoder;
  const isLargest = layers.length === layersOfLargest;
  refuseScales(config, 1 / Math.sqrt(isLargest ? config.hiddenSize / config.heads : config.headDim));
  const [{ attention: first }] = layers as [LayerSpec, ...LayerSpec[]];
  const isGlobal = (layer: number): boolean => (layer + 1) % period === 0;
  const isUsual = layers.every(({ attention }, layer) => attention.window === (isGlobal(layer) ? 0 : first.window));
  if (!isUsual || first.window === 0) throw unsupported('other layers slide than llama.cpp takes to be sliding');
  const local = first.rope;
  const isLocalUsual = period === 2 || (local?.theta === 10_000 && local.scaling.type === 'default');
  if (!isLocalUsual) throw unsupported('its sliding layers have another rotary table');
  const caps: Fields = first.softcap > 0 ? { attn_logit_softcapping: f32(first.softcap) } : {};
  return {
    feed_forward_length: u32(same(config, innerSizeOf)),
    'attention.sliding_window': u32(first.window),
    ...caps,
    ...(logitSoftcap > 0 ? { final_logit_softcapping: f32(logitSoftcap) } : {}),
  };
}

function innerSizeOf(mlp: MlpSpec): number {
  switch (mlp.kind) {
    case 'gated':
      return mlp.gate.outFeatures;
    case 'fused-gated':
      return mlp.gateUp.outFeatures / 2;
    case 'plain':
      return mlp.up.outFeatures;
    case 'experts':
      return innerSizeOf(mlp.experts[0] as MlpSpec);
  }
}

/** A number that all layers share. */
function same(config: ModelConfig, numberOf: (mlp: MlpSpec) => number): number {
  const [first = 0, ...others] = config.decoder.layers.map(({ mlp }) => numberOf(mlp));
  if (others.some((other) => other !== first)) throw unsupported('its layers are not all alike');
  return first;
}

function refuseWindows({ decoder, maxPositions }: ModelConfig): void {
  if (decoder.layers.some(({ attention }) => attention.window > 0 && attention.window < maxPositions)) {
    throw unsupported('its layers attend through a sliding window');
  }
}

function refuseScales({ decoder }: ModelConfig, usual: number): void {
  if (decoder.layers.some(({ attention }) => Math.abs(attention.scale / usual - 1) > 1e-9)) {
    throw unsupported('its scores are scaled in a way of their own');
  }
}
