import type { TokenizerFile } from './train-bpe.js';

/**
 * The "model" of a tokenizer.json whose byte-pair merges run over the byte alphabet. Its field names are those of Hugging Face's
 * tokenizers; `ignoresMerges` = a cut that is a token as a whole is that token, as in tiktoken.
 */
export const byteLevelBpe = (
  vocab: Iterable<readonly [string, number]>,
  merges: string[],
  ignoresMerges: boolean,
): TokenizerFile['model'] => ({
  type: 'BPE',
  dropout: null,
  unk_token: null,
  continuing_subword_prefix: null,
  end_of_word_suffix: null,
  fuse_unk: false,
  byte_fallback: false,
  ignore_merges: ignoresMerges,
  vocab: Object.fromEntries(vocab),
  merges,
});
