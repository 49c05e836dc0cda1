import { characterToByte, type Tokenizer } from '@hone/text';
import type { TokenReport } from './generation.js';
import { numberOf, type TokenLogProb } from './sampler.js';

const utf8 = new TextEncoder();
const replacement = '\uFFFD';

/** What single tokens look like in log-probability reports. Results are kept: a vocabulary is finite. */
export class TokenTexts {
  readonly #tokenizer: Tokenizer;
  readonly #neutral: number[];
  readonly #neutralText: string;
  readonly #known = new Map<number, { token: string; bytes: number[] }>();

  constructor(tokenizer: Tokenizer) {
    this.#tokenizer = tokenizer;
    // Decoders of SentencePiece vocabularies strip the first token's leading space, so tokens are decoded behind another one.
    this.#neutral = tokenizer.encode('a').slice(-1);
    this.#neutralText = tokenizer.decode(this.#neutral);
  }

  report(known: TokenLogProb): TokenReport {
    return {
      ...this.textOf(known.token),
      logprob: numberOf(known),
      top: known.top.map((entry) => ({ ...this.textOf(entry.token), logprob: entry.logProb })),
    };
  }

  /** A prompt's first token: nothing predicts it. */
  unpredicted(token: number): TokenReport {
    return { ...this.textOf(token), logprob: null, top: [] };
  }

  textOf(id: number): { token: string; bytes: number[] } {
    let known = this.#known.get(id);
    if (known === undefined) {
      known = this.#make(id);
      this.#known.set(id, known);
    }
    return known;
  }

  #make(id: number): { token: string; bytes: number[] } {
    if (id >= this.#tokenizer.vocabSize) return { token: '', bytes: [] };
    if (this.#tokenizer.isSpecial(id)) {
      const token = this.#tokenizer.tokenOf(id) ?? '';
      return { token, bytes: [...utf8.encode(token)] };
    }
    const text = this.#tokenizer.decode([...this.#neutral, id], { skipSpecialTokens: false });
    const token = text.startsWith(this.#neutralText) ? text.slice(this.#neutralText.length) : text;
    const bytes = token.includes(replacement) ? rawBytes(this.#tokenizer.tokenOf(id) ?? '') : [...utf8.encode(token)];
    return { token, bytes };
  }
}

/** The bytes of a token that is no text by itself: a byte piece of SentencePiece, or one character per byte as in GPT-2. */
function rawBytes(token: string): number[] {
  const [, hex] = /^<0x([0-9A-Fa-f]{2})>$/.exec(token) ?? [];
  if (hex !== undefined) return [Number.parseInt(hex, 16)];
  const bytes = Array.from(token, (character) => characterToByte.get(character));
  return bytes.every((byte) => byte !== undefined) ? bytes : [...utf8.encode(token)];
}
