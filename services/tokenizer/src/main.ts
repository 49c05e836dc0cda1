import { runService } from '@hone/service-kit';
import { TokenizerModule } from './tokenizer.module.js';

await runService({ name: 'tokenizer', module: TokenizerModule });
