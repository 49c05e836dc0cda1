/**
 * The losses of GPUs that this process has seen. It cannot use a lost one again, but a fresh process may, after a reset. So a job that may
 * compute nowhere else (HONE_DEVICE=cuda) is tried once more in a process of its own, and its second loss is its end: the attempts
 * that are left would each read base and checkpoint again and end like it.
 */
export class DeviceLosses {
  readonly #jobs = new Set<string>();
  #hasLost = false;

  /** Whether runs that need the GPU must have a process of their own. */
  get hasLost(): boolean {
    return this.#hasLost;
  }

  /** Counts the loss of a job, and says whether it may be tried again. */
  mayRepeat(job: string): boolean {
    this.#hasLost = true;
    if (this.#jobs.delete(job)) return false;
    this.#jobs.add(job);
    return true;
  }
}
