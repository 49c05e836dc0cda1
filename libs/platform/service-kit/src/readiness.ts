/** What a process still waits for. Work that must be done first (loading a model) holds the readiness until it is done. */
export class Readiness {
  readonly #held = new Map<symbol, string>();
  readonly #facts = new Map<string, string>();
  #isStopping = false;

  /** Keeps the process from being called ready; call the returned function when the reason is gone. */
  hold(reason: string): () => void {
    const key = Symbol(reason);
    this.#held.set(key, reason);
    return () => void this.#held.delete(key);
  }

  /** Something that whoever looks at the process wants to know, e.g. the device it computes on. */
  tell(name: string, fact: string): void {
    this.#facts.set(name, fact);
  }

  get facts(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.#facts);
  }

  /** From here on the process takes no new work. */
  stop(): void {
    this.#isStopping = true;
  }

  waitingFor(): string[] {
    return this.#isStopping ? ['the end of running work: the process is stopping'] : [...this.#held.values()];
  }
}
