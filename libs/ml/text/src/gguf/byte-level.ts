import type { GgufFields } from '@hone/base';
import { byteLevelBpe } from '../byte-level-bpe.js';
import type { TokenizerFile } from '../train-bpe.js';
import { preTokenizerOf } from './pre-tokenizers.js';
import { addedTokens, vocabOf, type TokenList } from './token-list.js';

/** A byte-level BPE vocabulary with its merges (`tokenizer.ggml.model = gpt2`) as a tokenizer.json. */
export function byteLevelTokenizer(fields: GgufFields, list: TokenList): TokenizerFile {
  const { patterns, ignoresMerges, isComposed } = preTokenizerOf(
    fields.file,
    fields.text('tokenizer.ggml.pre', 'default'),
  );
  const merges = [...fields.texts('tokenizer.ggml.merges')];
  const wrong = merges.findIndex((merge) => merge.split(' ').length !== 2);
  if (wrong >= 0) throw fields.bad(`tokenizer.ggml.merges`, `two tokens in merge ${wrong}`);
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false };
  const splits = patterns.map((pattern) => ({
    type: 'Split',
    pattern: { Regex: pattern },
    behavior: 'Isolated',
    invert: false,
  }));
  return {
    version: '1.0',
    added_tokens: addedTokens(list),
    normalizer: isComposed ? { type: 'NFC' } : null,
    pre_tokenizer: { type: 'Sequence', pretokenizers: [...splits, byteLevel] },
    decoder: { ...byteLevel, use_regex: true },
    model: byteLevelBpe(vocabOf(list), merges, ignoresMerges ?? false),
  };
}
