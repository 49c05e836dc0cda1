import type { GgufFields } from '@hone/base';
import type { TokenizerFile } from '../train-bpe.js';
import { addedTokens, tokenAt, tokenTypes, vocabOf, type TokenList } from './token-list.js';

/** The character that stands for a space in SentencePiece vocabularies. */
const space = '\u2581';

/** A SentencePiece BPE vocabulary with scores and byte fallback (`tokenizer.ggml.model = llama`) as a tokenizer.json. */
export function sentencePieceTokenizer(fields: GgufFields, list: TokenList): TokenizerFile {
  const isPrefixed = fields.flag('tokenizer.ggml.add_space_prefix', true);
  const vocab = vocabOf(list);
  const unknown = tokenAt(list, fields.id('tokenizer.ggml.unknown_token_id') ?? 0, 'tokenizer.ggml.unknown_token_id');
  const toPieces = { type: 'Replace', pattern: { String: ' ' }, content: space };
  const toText = { type: 'Replace', pattern: { String: space }, content: ' ' };
  return {
    version: '1.0',
    added_tokens: addedTokens(list),
    normalizer: {
      type: 'Sequence',
      normalizers: [...(isPrefixed ? [{ type: 'Prepend', prepend: space }] : []), toPieces],
    },
    pre_tokenizer: null,
    decoder: {
      type: 'Sequence',
      decoders: [
        toText,
        { type: 'ByteFallback' },
        { type: 'Fuse' },
        ...(isPrefixed ? [{ type: 'Strip', content: ' ', start: 1, stop: 0 }] : []),
      ],
    },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: unknown ?? null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: true,
      byte_fallback: list.types.includes(tokenTypes.byte),
      ignore_merges: false,
      vocab: Object.fromEntries(vocab),
      merges: mergesOf(fields, list, vocab),
    },
  };
}

/**
 * SentencePiece merges the pair whose piece has the best score; a list of merges in the order of falling scores does the same.
 * Every way to cut a piece into two pieces is a merge, since either may come up first in a text.
 */
function mergesOf(fields: GgufFields, { scores, types }: TokenList, vocab: Map<string, number>): string[] {
  if (!scores) throw fields.bad('tokenizer.ggml.scores', 'a score for each token');
  const isPiece = (id: number | undefined): id is number => id !== undefined && types[id] === tokenTypes.normal;
  const merges: { left: string; right: string; id: number; leftId: number; rightId: number }[] = [];
  for (const [piece, id] of vocab) {
    if (!isPiece(id) || piece.includes(' ')) continue;
    for (let cut = 1; cut < piece.length; cut++) {
      const [left, right] = [piece.slice(0, cut), piece.slice(cut)];
      const [leftId, rightId] = [vocab.get(left), vocab.get(right)];
      if (isPiece(leftId) && isPiece(rightId)) merges.push({ left, right, id, leftId, rightId });
    }
  }
  const scoreOf = (id: number): number => scores[id] as number;
  merges.sort((a, b) => scoreOf(b.id) - scoreOf(a.id) || a.id - b.id || a.leftId - b.leftId || a.rightId - b.rightId);
  return merges.map(({ left, right }) => `${left} ${right}`);
}
