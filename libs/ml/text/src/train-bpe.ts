import { refusal } from '@hone/base';
import { asByteCharacters, byteToCharacter } from './byte-alphabet.js';
import { byteLevelBpe } from './byte-level-bpe.js';

export interface TrainBpeOptions {
  /** How many ids the vocabulary has at most: special tokens, the 256 bytes, and merges. */
  vocabSize: number;
  /** Tokens that are never split; they get the first ids, in this order. */
  specialTokens: string[];
  /** A pair that is rarer than this is not merged. */
  minFrequency?: number;
}

/** The part of a Hugging Face tokenizer.json that Hone writes. */
export interface TokenizerFile {
  version: '1.0';
  added_tokens: {
    id: number;
    content: string;
    special: boolean;
    single_word: boolean;
    lstrip: boolean;
    rstrip: boolean;
    normalized: boolean;
  }[];
  model: { type: 'BPE'; vocab: Record<string, number>; merges: string[] } & Record<string, unknown>;
  [field: string]: unknown;
}

/** GPT-2's pre-tokenizer: contractions, words, numbers and punctuation, each with the space before it. */
const pieces = /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu;

/**
 * Trains a byte-level BPE vocabulary (Sennrich et al. 2016 over bytes, as GPT-2). Deterministic: of the most frequent pairs the
 * one that comes first by code units is merged, so the same text gives the same file on every machine.
 */
export function trainByteLevelBpe(texts: Iterable<string>, options: TrainBpeOptions): TokenizerFile {
  const { vocabSize, specialTokens, minFrequency = 2 } = options;
  const room = vocabSize - specialTokens.length - byteToCharacter.length;
  if (room < 0)
    throw refusal(
      'vocabulary_too_small',
      `[train-bpe] expected vocabSize of at least ${specialTokens.length + byteToCharacter.length} but received ${vocabSize}; fix: raise vocabSize`,
      { param: 'vocabSize' },
    );
  const merges = learnMerges(countPieces(texts), room, minFrequency);
  const tokens = [...specialTokens, ...byteToCharacter, ...merges.map(([left, right]) => left + right)];
  // Two merges can spell the same token; the first one owns the id.
  const vocab = new Map<string, number>();
  for (const token of tokens) if (!vocab.has(token)) vocab.set(token, vocab.size);
  return tokenizerFile(vocab, merges, specialTokens);
}

function countPieces(texts: Iterable<string>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts)
    for (const [piece] of text.matchAll(pieces)) counts.set(piece, (counts.get(piece) ?? 0) + 1);
  return counts;
}

interface Word {
  symbols: string[];
  count: number;
}

/** Pair counts with the words in which each pair occurs, so that a merge only touches those words. */
class PairTable {
  readonly counts = new Map<string, number>();
  readonly #words = new Map<string, Set<Word>>();

  add(word: Word, sign: 1 | -1): void {
    for (let at = 0; at + 1 < word.symbols.length; at++) {
      const pair = `${word.symbols[at]} ${word.symbols[at + 1]}`;
      const count = (this.counts.get(pair) ?? 0) + sign * word.count;
      if (count > 0) this.counts.set(pair, count);
      else this.counts.delete(pair);
      if (sign < 0) continue;
      const words = this.#words.get(pair);
      if (words) words.add(word);
      else this.#words.set(pair, new Set([word]));
    }
  }

  wordsWith(pair: string): Word[] {
    const words = [...(this.#words.get(pair) ?? [])];
    this.#words.delete(pair);
    return words;
  }

  best(): [string, number] {
    let best = '';
    let most = 0;
    for (const [pair, count] of this.counts)
      if (count > most || (count === most && pair < best)) [best, most] = [pair, count];
    return [best, most];
  }
}

function learnMerges(pieceCounts: Map<string, number>, room: number, minFrequency: number): [string, string][] {
  const table = new PairTable();
  for (const [piece, count] of pieceCounts) table.add({ symbols: [...asByteCharacters(piece)], count }, 1);
  const merges: [string, string][] = [];
  const made = new Set<string>();
  while (made.size < room) {
    const [pair, count] = table.best();
    if (count < minFrequency) break;
    const [left, right] = pair.split(' ') as [string, string];
    merges.push([left, right]);
    made.add(left + right);
    for (const word of table.wordsWith(pair)) {
      table.add(word, -1);
      word.symbols = merged(word.symbols, left, right);
      table.add(word, 1);
    }
  }
  return merges;
}

function merged(symbols: string[], left: string, right: string): string[] {
  const result: string[] = [];
  for (let at = 0; at < symbols.length; at++) {
    const isPair = symbols[at] === left && symbols[at + 1] === right;
    result.push(isPair ? left + right : (symbols[at] as string));
    if (isPair) at++;
  }
  return result;
}

function tokenizerFile(vocab: Map<string, number>, merges: [string, string][], specialTokens: string[]): TokenizerFile {
  const plain = { single_word: false, lstrip: false, rstrip: false, normalized: false };
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: specialTokens.map((content, id) => ({ id, content, special: true, ...plain })),
    normalizer: null,
    pre_tokenizer: byteLevel,
    post_processor: null,
    decoder: byteLevel,
    model: byteLevelBpe(
      vocab,
      merges.map((pair) => pair.join(' ')),
      false,
    ),
  };
}
