export { TokenizerModule } from './tokenizer.module.js';
