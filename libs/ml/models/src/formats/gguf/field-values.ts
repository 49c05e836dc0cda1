import { refusal, type GgufField } from '@hone/base';

export const u32 = (value: number): GgufField => ({ type: 'uint32', value });
export const f32 = (value: number): GgufField => ({ type: 'float32', value });

/** A model that a GGUF file could not say, or that llama.cpp would compute differently. */
export const unsupported = (what: string) =>
  refusal('export_unsupported', `[export] expected a model that GGUF can hold but ${what}; fix: export safetensors`, {
    param: 'format',
  });
