export * from './canonical-json.js';
export * from './clock.js';
export * from './digest.js';
export * from './errors.js';
export * from './ids.js';
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
