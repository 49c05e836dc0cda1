import { ggufArchitectureOf, llama3Factors, refusal, type GgufField } from '@hone/base';
import type { LayerSpec } from '../../config/decoder-spec.js';
import type { ModelConfig } from '../../config/model-config.js';
import type { RopeConfig } from '../../config/rope.js';

/** Files whose weights are mostly of these types call themselves so (llama.h, llama_ftype). */
const fileTypes = { f16: 1, q4_0: 2, q8_0: 7 } as const;

export type GgufExportType = keyof typeof fileTypes;

/** What a GGUF file says about the model, and the table of rotary factors where Llama 3 has one. */
export interface GgufModelFields {
  readonly architecture: string;
  readonly fields: ReadonlyMap<string, GgufField>;
  readonly ropeFactors: Float32Array | undefined;
}

const unsupported = (what: string) =>
  refusal('export_unsupported', `[export] expected a model that GGUF can hold but ${what}; fix: export safetensors`, {
    param: 'format',
  });

/** The metadata of a config. Refuses by name what llama.cpp would compute differently. */
export function ggufModelFields(config: ModelConfig, name: string, type: GgufExportType): GgufModelFields {
  const architecture = ggufArchitectureOf(config.architecture);
  if (architecture === undefined) throw unsupported(`${config.architecture} is not built for it`);
  const [first, ...others] = config.decoder.layers as [LayerSpec, ...LayerSpec[]];
  const { rope } = first.attention;
  if ([first, ...others].some(({ attention }) => attention.window > 0 && attention.window < config.maxPositions)) {
    throw unsupported('its layers attend through a sliding window');
  }
  const { mlp } = first;
  const { norm } = config.decoder;
  if (!rope) throw unsupported('its first layer has no rotary embedding');
  if (mlp.kind !== 'gated' || norm.kind !== 'rms') throw unsupported('its layers are not those of llama.cpp');
  const at = (key: string): string => `${architecture}.${key}`;
  const u32 = (value: number): GgufField => ({ type: 'uint32', value });
  const f32 = (value: number): GgufField => ({ type: 'float32', value });
  const { theta, scaling } = rope;
  const fields = new Map<string, GgufField>([
    ['general.architecture', { type: 'string', value: architecture }],
    ['general.name', { type: 'string', value: name }],
    ['general.file_type', u32(fileTypes[type])],
    ['general.quantization_version', u32(2)],
    [at('vocab_size'), u32(config.vocabSize)],
    [at('context_length'), u32(config.maxPositions)],
    [at('embedding_length'), u32(config.hiddenSize)],
    [at('block_count'), u32(config.layers)],
    [at('feed_forward_length'), u32(mlp.gate.outFeatures)],
    [at('attention.head_count'), u32(config.heads)],
    [at('attention.head_count_kv'), u32(config.kvHeads)],
    [at('attention.key_length'), u32(config.headDim)],
    [at('attention.value_length'), u32(config.headDim)],
    [at('attention.layer_norm_rms_epsilon'), f32(norm.eps)],
    [at('rope.dimension_count'), u32(config.headDim)],
    [at('rope.freq_base'), f32(theta)],
  ]);
  if (scaling.type === 'linear') {
    fields.set(at('rope.scaling.type'), { type: 'string', value: 'linear' });
    fields.set(at('rope.scaling.factor'), f32(scaling.factor));
  }
  return { architecture, fields, ropeFactors: factorsOf(rope, config.headDim) };
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
