import { fault, type HoneError } from '@hone/base';

/** Frames waiting for a slow reader; more than this and the stream ends, so that a stalled client costs bounded memory. */
export const framesWaitingMax = 16_384;

/** A queue between a subscription's callback and one reader that waits at most so long for the next item. */
export class FrameQueue<T> {
  readonly #items: T[] = [];
  #head = 0;
  #failure: HoneError | undefined;
  #wake: (() => void) | undefined;

  push(item: T): void {
    if (this.#items.length - this.#head >= framesWaitingMax) {
      this.fail(
        fault(
          'slow_reader',
          `[stream] expected a reader that keeps up but ${framesWaitingMax} frames wait; fix: read faster`,
        ),
      );
      return;
    }
    this.#items.push(item);
    this.#wake?.();
  }

  /** The reader gets the failure at once, before items that still wait. */
  fail(failure: HoneError): void {
    this.#failure ??= failure;
    this.#wake?.();
  }

  async next(timeoutMs: number, timedOut: () => HoneError): Promise<T> {
    while (this.#failure === undefined && this.#head === this.#items.length) {
      const isLate = await this.#wait(timeoutMs);
      if (isLate) this.fail(timedOut());
    }
    if (this.#failure) throw this.#failure;
    const item = this.#items[this.#head++] as T;
    if (this.#head > 1024 && this.#head * 2 > this.#items.length) {
      this.#items.splice(0, this.#head);
      this.#head = 0;
    }
    return item;
  }

  #wait(timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => settle(true), timeoutMs);
      const settle = (isLate: boolean): void => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve(isLate);
      };
      this.#wake = () => settle(false);
    });
  }
}
