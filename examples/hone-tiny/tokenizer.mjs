/**
 * Trains the tokenizer of hone-tiny on its corpus and writes tokenizer.json, tokenizer_config.json and generation_config.json.
 *
 *   node examples/hone-tiny/tokenizer.mjs
 */
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { trainByteLevelBpe } from '@hone/text';
import { documents, plainText } from './corpus.mjs';

export const vocabSize = 3072;
const documentsForTokenizer = 30_000;
const specialTokens = ['<|pad|>', '<|begin|>', '<|end|>', '<|system|>', '<|user|>', '<|assistant|>', '<|tool|>'];

/** Begin, then every message as its role's token, its text and the end token; the answer follows `<|assistant|>`. */
const chatTemplate = [
  '{{ bos_token }}',
  '{% for message in messages %}',
  "{% if message['role'] not in ['system', 'user', 'assistant', 'tool'] %}",
  "{{ raise_exception('expected the role system, user, assistant or tool but received ' + message['role']) }}",
  '{% endif %}',
  "{{ '<|' + message['role'] + '|>' + message['content'] | trim + '<|end|>' }}",
  '{% endfor %}',
  "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}",
].join('');

function* corpusText() {
  for (const doc of documents(documentsForTokenizer)) yield plainText(doc);
}

export const tokenizerFiles = () => ({
  'tokenizer.json': trainByteLevelBpe(corpusText(), { vocabSize, specialTokens }),
  'tokenizer_config.json': {
    tokenizer_class: 'PreTrainedTokenizerFast',
    bos_token: '<|begin|>',
    eos_token: '<|end|>',
    pad_token: '<|pad|>',
    add_bos_token: false,
    add_eos_token: false,
    clean_up_tokenization_spaces: false,
    model_max_length: 512,
    chat_template: chatTemplate,
  },
  'generation_config.json': {
    bos_token_id: 1,
    eos_token_id: 2,
    pad_token_id: 0,
    do_sample: false,
    max_new_tokens: 128,
  },
});

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = dirname(fileURLToPath(import.meta.url));
  for (const [name, value] of Object.entries(tokenizerFiles()))
    writeFileSync(join(folder, name), JSON.stringify(value, null, name === 'tokenizer.json' ? 0 : 2) + '\n');
}
