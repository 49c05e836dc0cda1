import type { HoneError } from '@hone/base';
import type { GenerationOutput } from '../generation.js';

/** The outputs of one request between the thread that makes them and the one reader that takes them. */
export class OutputChannel {
  readonly #items: GenerationOutput[] = [];
  #failure: HoneError | undefined;
  #wake: (() => void) | undefined;

  push(output: GenerationOutput): void {
    this.#items.push(output);
    this.#wake?.();
  }

  /** The reader hears of it at once. */
  fail(failure: HoneError): void {
    this.#failure ??= failure;
    this.#wake?.();
  }

  async next(): Promise<GenerationOutput> {
    for (;;) {
      if (this.#failure) throw this.#failure;
      const item = this.#items.shift();
      if (item) return this.#withNext(item);
      await new Promise<void>((resolve) => (this.#wake = resolve));
      this.#wake = undefined;
    }
  }

  /**
   * Pieces of one choice that lie ready are handed over as one: a reader that keeps up gets every token by itself, one that is
   * slower than the engine gets fewer and larger pieces instead of a growing queue.
   */
  #withNext(item: GenerationOutput): GenerationOutput {
    if (item.type !== 'delta') return item;
    const joined = { ...item };
    for (let next = this.#items[0]; next?.type === 'delta' && next.index === item.index; next = this.#items[0]) {
      joined.text += next.text;
      if (next.logprobs) joined.logprobs = [...(joined.logprobs ?? []), ...next.logprobs];
      this.#items.shift();
    }
    return joined;
  }
}
