import { refuseGguf, type GgufFields } from '@hone/base';
import type { TokenizerFile } from '../train-bpe.js';

/** What a token of a GGUF vocabulary is (llama.h, llama_token_type). */
export const tokenTypes = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;

/** The vocabulary of a GGUF file: text, score and type of each id. */
export interface TokenList {
  readonly file: string;
  readonly tokens: readonly string[];
  readonly scores: Float64Array | undefined;
  readonly types: Float64Array;
}

export function readTokenList(fields: GgufFields): TokenList {
  const tokens = fields.texts('tokenizer.ggml.tokens');
  if (tokens.length === 0) throw fields.bad('tokenizer.ggml.tokens', 'at least one token');
  const scores = fields.numbers('tokenizer.ggml.scores', tokens.length);
  const types = fields.numbers('tokenizer.ggml.token_type', tokens.length);
  return {
    file: fields.file,
    tokens,
    scores,
    types: types ?? new Float64Array(tokens.length).fill(tokenTypes.normal),
  };
}

/** Text -> id. Two ids with one text cannot be told apart, so the first one keeps it, as in llama.cpp. */
export function vocabOf({ tokens }: TokenList): Map<string, number> {
  const vocab = new Map<string, number>();
  tokens.forEach((token, id) => {
    if (!vocab.has(token)) vocab.set(token, id);
  });
  return vocab;
}

/** Control tokens are special; user-defined ones are never split either, but they are text. */
export const addedTokens = ({ tokens, types }: TokenList): TokenizerFile['added_tokens'] =>
  tokens.flatMap((content, id) => {
    const type = types[id];
    const isSpecial = type === tokenTypes.control || type === tokenTypes.unknown;
    if (!isSpecial && type !== tokenTypes.userDefined) return [];
    return [{ id, content, special: isSpecial, single_word: false, lstrip: false, rstrip: false, normalized: false }];
  });

/** The text of an id that the metadata names; refused where the vocabulary has no such id. */
export function tokenAt({ file, tokens }: TokenList, id: number | undefined, key: string): string | undefined {
  if (id === undefined) return undefined;
  const token = tokens[id];
  if (token !== undefined) return token;
  throw refuseGguf(file, `${key} is ${id} but the vocabulary has ${tokens.length} tokens`);
}
