export * from './byte-source.js';
export { isSafetensorsDtype, safetensorsDtypeBits, type SafetensorsDtype, type TensorEntry } from '@hone/base';
export * from './floats.js';
export { SafetensorsFile } from './reader.js';
export { safetensorsBytes, writeSafetensors, type TensorToWrite } from './writer.js';
export { WeightFiles } from './weight-files.js';
