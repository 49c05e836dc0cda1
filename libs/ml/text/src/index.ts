export { characterToByte } from './byte-alphabet.js';
export * from './chat-template.js';
export * from './import-vocabulary.js';
export * from './stream-decoder.js';
export { TemplateSandbox, type SandboxLimits } from './template-sandbox.js';
export * from './tokenizer-files.js';
export * from './tokenizer.js';
export * from './train-bpe.js';
export * from './training-text.js';
