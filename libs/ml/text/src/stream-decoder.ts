/** What stands for bytes that are not (yet) a character. */
const replacement = '\uFFFD';

/** No character has more bytes than this; more tokens than this that still spell none are bad bytes and are let through. */
const pendingTokensMax = 8;

/** How many tokens without text are remembered. */
const contextTokensMax = 16;

/**
 * Turns a token stream into text pieces that are valid on their own: a character whose bytes come in several tokens appears when
 * its last byte does, and the pieces joined are the text of all tokens. Decoding a token needs the tokens before it (leading
 * spaces, joined bytes), so each step decodes from the last place where a piece was cut.
 */
export class StreamDecoder {
  readonly #decode: (ids: number[]) => string;
  #context: number[] = [];
  #pending: number[] = [];

  constructor(decode: (ids: number[]) => string) {
    this.#decode = decode;
  }

  /** The text that this token completes; empty while a character is incomplete. */
  push(id: number): string {
    this.#pending.push(id);
    return this.#take(this.#pending.length >= pendingTokensMax);
  }

  /** The text of whatever is still incomplete. */
  finish(): string {
    return this.#pending.length === 0 ? '' : this.#take(true);
  }

  #take(isForced: boolean): string {
    const before = this.#decode(this.#context);
    const after = this.#decode([...this.#context, ...this.#pending]);
    if (!isForced && after.endsWith(replacement)) return '';
    // A token without text (a skipped special, the space before the first word) stays context for the next one.
    if (after.length === before.length) {
      this.#context = [...this.#context, ...this.#pending].slice(-contextTokensMax);
      this.#pending = [];
      return '';
    }
    this.#context = this.#pending;
    this.#pending = [];
    return after.slice(before.length);
  }
}
