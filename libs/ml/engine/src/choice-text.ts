import type { StreamDecoder } from '@hone/text';
import type { TokenReport } from './generation.js';
import { StopWatch } from './stop-watch.js';

export interface TextPiece {
  text: string;
  logprobs: TokenReport[];
}

/** Tokens of the prompt that a decoder must have seen so that the first new token gets its leading space. */
const contextTokens = 4;

/** The text of one choice as it grows: tokens in, showable text out, with the reports of the tokens that it consists of. */
export class ChoiceText {
  readonly #decoder: StreamDecoder;
  readonly #stops: StopWatch;
  /** Reports of tokens whose text is not out yet, with the place in the text where each begins. */
  readonly #reports: { start: number; report: TokenReport }[] = [];
  #decoded = 0;
  #shown = 0;

  constructor(decoder: StreamDecoder, stops: readonly string[], promptIds: readonly number[]) {
    this.#decoder = decoder;
    this.#stops = new StopWatch(stops);
    for (const id of promptIds.slice(-contextTokens)) decoder.push(id);
  }

  get isStopped(): boolean {
    return this.#stops.isStopped;
  }

  push(id: number, report?: TokenReport): TextPiece {
    if (report) this.#reports.push({ start: this.#decoded, report });
    const text = this.#decoder.push(id);
    this.#decoded += text.length;
    return this.#show(this.#stops.push(text));
  }

  /** The token that ends the text belongs to no text, but its report is told. */
  end(report?: TokenReport): TextPiece {
    const rest = this.#stops.isStopped ? '' : this.#decoder.finish();
    this.#decoded += rest.length;
    const piece = this.#show(this.#stops.push(rest) + this.#stops.finish());
    piece.logprobs.push(...this.#flush(), ...(report ? [report] : []));
    return piece;
  }

  #show(text: string): TextPiece {
    this.#shown += text.length;
    const logprobs: TokenReport[] = [];
    while (this.#reports.length > 0 && (this.#reports[0]?.start ?? 0) < this.#shown) {
      logprobs.push(this.#reports.shift()?.report as TokenReport);
    }
    return { text, logprobs };
  }

  /** Tokens of the stop string are neither shown nor reported; tokens without text at the end are. */
  #flush(): TokenReport[] {
    const rest = this.#stops.isStopped ? [] : this.#reports.map(({ report }) => report);
    this.#reports.length = 0;
    return rest;
  }
}
