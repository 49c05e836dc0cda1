/** The work that a process has taken on: a drain waits for it, and aborts it when its patience ends. */
export class InFlight {
  readonly #running = new Set<Promise<unknown>>();
  readonly #closing = new AbortController();

  get signal(): AbortSignal {
    return this.#closing.signal;
  }

  get size(): number {
    return this.#running.size;
  }

  async track<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const running = work(this.#closing.signal);
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }

  /** Waits for the running work; after `patienceMs` its signal aborts, and after as long again nobody waits any more. */
  async drain(patienceMs: number): Promise<void> {
    if (await this.#settledWithin(patienceMs)) return;
    this.#closing.abort(new Error('the process is going down'));
    await this.#settledWithin(patienceMs);
  }

  async #settledWithin(limitMs: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<boolean>((resolve) => (timer = setTimeout(() => resolve(false), limitMs)));
    const settled = (async () => {
      while (this.#running.size > 0) await Promise.allSettled(this.#running);
      return true;
    })();
    const result = await Promise.race([settled, late]);
    clearTimeout(timer);
    return result;
  }
}
