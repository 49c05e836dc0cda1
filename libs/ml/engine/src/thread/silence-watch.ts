/** Times that a thread is asked before it counts as stuck. One would not do: after a pause of the whole machine a single one is late. */
const asksMax = 4;

export interface SilenceWatchOptions {
  /** Without a word for so long the thread is stuck. */
  silentMsMax: number;
  ask: () => void;
  stuck: () => void;
}

/**
 * Notices a thread that has stopped listening: it is asked at intervals, and whatever it says counts as an answer. Loading a model
 * takes as long as it takes, so the watch rests meanwhile.
 */
export class SilenceWatch {
  readonly #options: SilenceWatchOptions;
  readonly #timer: NodeJS.Timeout;
  #unanswered = 0;
  #isResting = false;

  constructor(options: SilenceWatchOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#look(), options.silentMsMax / asksMax);
    this.#timer.unref();
  }

  heard(): void {
    this.#unanswered = 0;
  }

  rest(isResting: boolean): void {
    this.#isResting = isResting;
  }

  end(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    if (this.#isResting) return;
    if (this.#unanswered >= asksMax) {
      this.end();
      return this.#options.stuck();
    }
    this.#unanswered++;
    this.#options.ask();
  }
}
