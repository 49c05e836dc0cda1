/** Time as a dependency, so that rules and leases can be tested without waiting. */
export interface Clock {
  /** Wall-clock milliseconds since 1970. */
  now(): number;
  /** Milliseconds that never go back; for durations and leases. */
  monotonic(): number;
}

export const systemClock: Clock = { now: () => Date.now(), monotonic: () => performance.now() };

/** Seconds since 1970, as the OpenAI API counts. */
export const unixSeconds = (clock: Clock = systemClock): number => Math.floor(clock.now() / 1000);
