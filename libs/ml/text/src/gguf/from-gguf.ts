import { GgufFields, refuseGguf, type GgufValue } from '@hone/base';
import type { TokenizerFile } from '../train-bpe.js';
import { byteLevelTokenizer } from './byte-level.js';
import { sentencePieceTokenizer } from './sentence-piece.js';
import { readTokenList, tokenAt, type TokenList } from './token-list.js';

/** The text of the two files that a GGUF vocabulary stands for, as a Hugging Face folder holds them. */
export interface GgufTokenizerFiles {
  'tokenizer.json': string;
  'tokenizer_config.json': string;
}

const specials = { bos: 'bos', eos: 'eos', unk: 'unknown', pad: 'padding' } as const;

/** Makes the tokenizer files of a GGUF file's metadata. Refuses by name a vocabulary whose ids would come out differently. */
export function tokenizerFilesOfGguf(file: string, metadata: ReadonlyMap<string, GgufValue>): GgufTokenizerFiles {
  const fields = new GgufFields(file, metadata);
  const model = fields.text('tokenizer.ggml.model');
  if (model !== 'llama' && model !== 'gpt2') {
    const problem = `tokenizer.ggml.model = ${JSON.stringify(model.slice(0, 60))} is not supported; known are llama and gpt2`;
    throw refuseGguf(file, problem, "put the model's tokenizer.json beside the GGUF file");
  }
  const list = readTokenList(fields);
  const isPieces = model === 'llama';
  const tokenizer = isPieces ? sentencePieceTokenizer(fields, list) : byteLevelTokenizer(fields, list);
  const named = namedTokens(fields, list);
  // llama.cpp's defaults: a SentencePiece text begins with BOS, a byte-level one as its vocabulary says.
  const isBegun = fields.flag('tokenizer.ggml.add_bos_token', isPieces);
  const isEnded = fields.flag('tokenizer.ggml.add_eos_token', false);
  const around = aroundText(list, isBegun ? named.bos : undefined, isEnded ? named.eos : undefined);
  const length = metadata.get(`${String(metadata.get('general.architecture'))}.context_length`);
  const template = metadata.get('tokenizer.chat_template');
  const config = {
    tokenizer_class: 'PreTrainedTokenizerFast',
    ...Object.fromEntries(Object.entries(named).map(([kind, token]) => [`${kind}_token`, token])),
    add_bos_token: isBegun,
    add_eos_token: isEnded,
    clean_up_tokenization_spaces: false,
    ...(typeof length === 'number' ? { model_max_length: length } : {}),
    ...(typeof template === 'string' ? { chat_template: template } : {}),
  };
  return {
    'tokenizer.json': JSON.stringify({ ...tokenizer, post_processor: around }),
    'tokenizer_config.json': JSON.stringify(config, null, 2) + '\n',
  };
}

function namedTokens(fields: GgufFields, list: TokenList): Partial<Record<keyof typeof specials, string>> {
  const found = Object.entries(specials).map(([kind, word]) => {
    const key = `tokenizer.ggml.${word}_token_id`;
    return [kind, tokenAt(list, fields.id(key), key)] as const;
  });
  return Object.fromEntries(found.filter(([, token]) => token !== undefined));
}

/** Puts the tokens around a text that is encoded with special tokens. */
function aroundText(
  list: TokenList,
  begin: string | undefined,
  end: string | undefined,
): TokenizerFile['post_processor'] {
  if (begin === undefined && end === undefined) return null;
  const mark = (token: string | undefined) =>
    token === undefined ? [] : [{ SpecialToken: { id: token, type_id: 0 } }];
  const used = [...new Set([begin, end])].filter((token) => token !== undefined);
  const single = [...mark(begin), { Sequence: { id: 'A', type_id: 0 } }, ...mark(end)];
  return {
    type: 'TemplateProcessing',
    single,
    pair: [...single, { Sequence: { id: 'B', type_id: 1 } }],
    special_tokens: Object.fromEntries(
      used.map((token) => [token, { id: token, ids: [list.tokens.indexOf(token)], tokens: [token] }]),
    ),
  };
}
