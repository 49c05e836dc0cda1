/** The runs of this process, so that a cancellation reaches the engine between two steps. */
export class RunningJobs {
  readonly #stops = new Map<string, () => void>();

  /** Registers how to stop a run; returns how to forget it. */
  add(job: string, stop: () => void): () => void {
    this.#stops.set(job, stop);
    return () => this.#stops.delete(job);
  }

  cancel(job: string): void {
    this.#stops.get(job)?.();
  }
}
