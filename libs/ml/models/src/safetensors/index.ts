export * from './byte-source.js';
export * from './dtypes.js';
export * from './floats.js';
export { SafetensorsFile } from './reader.js';
export { safetensorsBytes, writeSafetensors, type TensorToWrite } from './writer.js';
export { WeightFiles } from './weight-files.js';
export type { TensorEntry } from './header.js';
