/**
 * Finds stop strings in text that arrives in pieces. Text that may be the beginning of a stop string is held back until it is
 * clear; what was let through never contains any part of one.
 */
export class StopWatch {
  readonly #stops: readonly string[];
  #held = '';
  isStopped = false;

  constructor(stops: readonly string[]) {
    this.#stops = stops;
  }

  /** The text that can be shown now. After a stop string is complete nothing comes any more. */
  push(text: string): string {
    if (this.isStopped) return '';
    const whole = this.#held + text;
    const at = this.#firstStop(whole);
    if (at >= 0) {
      this.isStopped = true;
      this.#held = '';
      return whole.slice(0, at);
    }
    const keep = this.#possibleBeginning(whole);
    this.#held = whole.slice(whole.length - keep);
    return whole.slice(0, whole.length - keep);
  }

  /** What was held back when the text ended without a stop string. */
  finish(): string {
    const rest = this.#held;
    this.#held = '';
    return rest;
  }

  #firstStop(text: string): number {
    let first = -1;
    for (const stop of this.#stops) {
      const at = text.indexOf(stop);
      if (at >= 0 && (first < 0 || at < first)) first = at;
    }
    return first;
  }

  /** The length of the longest end of the text that begins a stop string. */
  #possibleBeginning(text: string): number {
    let longest = 0;
    for (const stop of this.#stops) {
      for (let length = Math.min(stop.length - 1, text.length); length > longest; length--) {
        if (text.endsWith(stop.slice(0, length))) longest = length;
      }
    }
    return longest;
  }
}
