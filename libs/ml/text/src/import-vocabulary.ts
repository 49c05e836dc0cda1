import { refusal } from '@hone/base';
import { byteToCharacter } from './byte-alphabet.js';
import { byteLevelBpe } from './byte-level-bpe.js';
import type { TokenizerFile } from './train-bpe.js';

const special = (content: string, id: number): TokenizerFile['added_tokens'][number] => ({
  id,
  content,
  special: true,
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: false,
});

/** A BERT `vocab.txt` (one WordPiece per line, the line is the id) as a tokenizer.json. */
export function wordPieceFromVocab(vocabText: string, { lowercase = true } = {}): TokenizerFile {
  const pieces = vocabText.replace(/\r?\n$/, '').split(/\r?\n/);
  const vocab = Object.fromEntries(pieces.map((piece, id) => [piece, id]));
  const named = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'].filter((token) => token in vocab);
  const mark = (id: string) => ({ SpecialToken: { id, type_id: 0 } });
  const sequence = (id: string) => ({ Sequence: { id, type_id: 0 } });
  const template = ['[CLS]', '[SEP]'].map((token) => [token, { id: token, ids: [vocab[token]], tokens: [token] }]);
  return {
    version: '1.0',
    added_tokens: named.map((token) => special(token, vocab[token] as number)),
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [mark('[CLS]'), sequence('A'), mark('[SEP]')],
      pair: [mark('[CLS]'), sequence('A'), mark('[SEP]'), sequence('B'), mark('[SEP]')],
      special_tokens: Object.fromEntries(template),
    },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab,
    },
  } as unknown as TokenizerFile;
}

export interface TiktokenOptions {
  /** How text is cut before merging; each encoding has its own. */
  pattern: string;
  specialTokens: Readonly<Record<string, number>>;
}

/** The published encodings whose rank files people have. */
export const tiktokenEncodings: Readonly<Record<string, TiktokenOptions>> = {
  r50k_base: {
    pattern: "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
    specialTokens: { '<|endoftext|>': 50256 },
  },
  cl100k_base: {
    pattern:
      "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
    specialTokens: {
      '<|endoftext|>': 100257,
      '<|fim_prefix|>': 100258,
      '<|fim_middle|>': 100259,
      '<|fim_suffix|>': 100260,
      '<|endofprompt|>': 100276,
    },
  },
};

/**
 * A tiktoken rank file (`base64 rank` per line) as a tokenizer.json. Ranks say which byte strings are tokens and in which order
 * they were learnt, not from which pair; the pair of a token is what remains of its bytes when all earlier merges are done.
 */
export function bpeFromTiktoken(rankText: string, { pattern, specialTokens }: TiktokenOptions): TokenizerFile {
  const ranks = new Map<string, number>();
  for (const line of rankText.split('\n')) {
    if (line.trim() === '') continue;
    const [base64 = '', rank] = line.split(' ');
    if (rank === undefined || !/^\d+$/.test(rank.trim()))
      throw refusal(
        'tokenizer_invalid',
        `[tokenizer] expected "base64 rank" in each line but received ${JSON.stringify(line.slice(0, 40))}`,
      );
    ranks.set(Array.from(Buffer.from(base64, 'base64'), (byte) => byteToCharacter[byte]).join(''), Number(rank));
  }
  const merges = [...ranks].filter(([token]) => [...token].length > 1).sort((a, b) => a[1] - b[1]);
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false };
  const split = { type: 'Split', pattern: { Regex: pattern }, behavior: 'Isolated', invert: false };
  return {
    version: '1.0',
    added_tokens: Object.entries(specialTokens).map(([token, id]) => special(token, id)),
    normalizer: null,
    pre_tokenizer: { type: 'Sequence', pretokenizers: [split, byteLevel] },
    post_processor: null,
    decoder: { ...byteLevel, use_regex: true },
    model: byteLevelBpe(
      ranks,
      merges.map(([token, rank]) => pairOf(token, rank, ranks).join(' ')),
      true,
    ),
  };
}

function pairOf(token: string, rank: number, ranks: ReadonlyMap<string, number>): string[] {
  const parts = [...token];
  while (parts.length > 2) {
    let best = -1;
    let bestRank = rank;
    for (let at = 0; at + 1 < parts.length; at++) {
      const pairRank = ranks.get((parts[at] as string) + (parts[at + 1] as string));
      if (pairRank !== undefined && pairRank < bestRank) [best, bestRank] = [at, pairRank];
    }
    if (best < 0)
      throw refusal(
        'tokenizer_invalid',
        `[tokenizer] expected token ${rank} to be made of two earlier tokens but it is not`,
      );
    parts.splice(best, 2, (parts[best] as string) + (parts[best + 1] as string));
  }
  return parts;
}
