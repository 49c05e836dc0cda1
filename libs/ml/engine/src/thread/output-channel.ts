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
      if (item) return item;
      await new Promise<void>((resolve) => (this.#wake = resolve));
      this.#wake = undefined;
    }
  }
}
