import { ggufKindOfArchitecture, ggufWordOf, type GgufField, type GgufKind } from '@hone/base';
import type { ModelConfig } from '../../config/model-config.js';
import { ownFieldsOf, rotaryFieldsOf } from './kind-fields.js';
import { f32, u32, unsupported } from './field-values.js';

/** Files whose weights are mostly of these types call themselves so (llama.h, llama_ftype). */
const fileTypes = { f16: 1, q4_0: 2, q8_0: 7 } as const;

export type GgufExportType = keyof typeof fileTypes;

/** What a GGUF file says about the model, and the table of rotary factors where Llama 3 has one. */
export interface GgufModelFields {
  readonly kind: GgufKind;
  readonly fields: ReadonlyMap<string, GgufField>;
  readonly ropeFactors: Float32Array | undefined;
}

/** The metadata of a config. Refuses by name what llama.cpp would compute differently. */
export function ggufModelFields(config: ModelConfig, name: string, type: GgufExportType): GgufModelFields {
  const kind = ggufKindOfArchitecture(config.architecture);
  if (kind === undefined) throw unsupported(`${config.architecture} is not built for it`);
  const word = ggufWordOf(kind);
  const { norm } = config.decoder;
  const isRotary = kind !== 'gpt2';
  if (norm.kind !== (isRotary ? 'rms' : 'layer')) throw unsupported('its norms are not those of llama.cpp');
  const { fields: rotary, ropeFactors } = isRotary ? rotaryFieldsOf(config) : { fields: {}, ropeFactors: undefined };
  const fields = {
    vocab_size: u32(config.vocabSize),
    context_length: u32(config.maxPositions),
    embedding_length: u32(config.hiddenSize),
    block_count: u32(config.layers),
    'attention.head_count': u32(config.heads),
    'attention.head_count_kv': u32(config.kvHeads),
    [norm.kind === 'rms' ? 'attention.layer_norm_rms_epsilon' : 'attention.layer_norm_epsilon']: f32(norm.eps),
    ...rotary,
    ...ownFieldsOf(kind, config),
  };
  return {
    kind,
    fields: new Map<string, GgufField>([
      ['general.architecture', { type: 'string', value: word }],
      ['general.name', { type: 'string', value: name }],
      ['general.file_type', u32(fileTypes[type])],
      ['general.quantization_version', u32(2)],
      ...Object.entries(fields).map(([key, value]) => [`${word}.${key}`, value] as const),
    ]),
    ropeFactors,
  };
}
