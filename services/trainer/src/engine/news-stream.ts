import { fault, HoneError } from '@hone/base';
import type { TrainingNews } from './protocol.js';

/** The news of an engine in order, wherever it runs: `hear` and `end` on its side, `read` on the service's. */
export class NewsStream {
  readonly #waiting: TrainingNews[] = [];
  #wake = (): void => undefined;
  #ended: HoneError | 'done' | undefined;

  hear(news: TrainingNews): void {
    this.#waiting.push(news);
    this.#wake();
  }

  /** The engine is gone: by itself, or with an error. What it told before is still read. */
  end(how: HoneError | 'done'): void {
    this.#ended ??= how;
    this.#wake();
  }

  /** Ends after `finished` or `cancelled`, throws after `failed` or a crash. */
  async *read(): AsyncGenerator<TrainingNews> {
    for (;;) {
      const news = this.#waiting.shift();
      if (news === undefined) {
        if (this.#ended instanceof HoneError) throw this.#ended;
        if (this.#ended === 'done') throw fault('engine_crashed', '[trainer] the engine ended without a result');
        await new Promise<void>((resolve) => (this.#wake = resolve));
        continue;
      }
      if (news.type === 'failed') throw HoneError.from(news.error);
      yield news;
      if (news.type === 'finished' || news.type === 'cancelled') return;
    }
  }
}
