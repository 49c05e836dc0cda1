export * from './canonical-json.js';
export * from './clock.js';
export * from './digest.js';
export * from './errors.js';
export * from './ids.js';
export * from './full-fine-tune.js';
export * from './model-fingerprint.js';
export * from './random.js';
export * from './suggest.js';
export * from './safetensors/dtypes.js';
export {
  headerBytesMax,
  parseHeader,
  readHeaderLength,
  refuseSafetensors,
  type SafetensorsHeader,
  type TensorEntry,
} from './safetensors/header.js';
export { refuseGguf } from './gguf/cursor.js';
export { ggufValueTypes, type GgufValue } from './gguf/fields.js';
export { ggufHeaderBytesMax, parseGgufHeader, type GgufHeader, type GgufTensor } from './gguf/header.js';
export { ggmlLayouts, type GgmlLayout, type GgmlType } from './gguf/types.js';
export { configOfGguf } from './gguf/hugging-face-config.js';
export { ggufOfWeight, weightOfGguf, type GgufChange, type GgufWeightName } from './gguf/hugging-face-names.js';
export { ggufKindOf, ggufKindOfArchitecture, ggufWordOf, type GgufKind } from './gguf/kinds.js';
export { llama3Factors } from './gguf/rope-factors.js';
export { GgufFields } from './gguf/typed-fields.js';
export { quantizationOf, type CheckpointQuantization } from './quantization-config.js';
export { ggufHead, ggufPaddingAfter, ggufTensorBytes, type GgufField, type GgufTensorPlan } from './gguf/writing.js';
