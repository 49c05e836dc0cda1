import { errorFunction } from 'simple-statistics';

export interface Estimate {
  value: number;
  low: number;
  high: number;
}

/** Successes among trials: thumbs-up among votes, exact answers among rows. */
export interface Counts {
  successes: number;
  trials: number;
}

/** The normal quantile of 0.975: every interval of Hone is a 95 % interval. */
const z = 1.959963984540054;

/** Two-sided p-value of a standard normal deviation. */
export const normalPValue = (deviation: number): number => 1 - errorFunction(Math.abs(deviation) / Math.SQRT2);

/** The Wilson score interval of one share (Newcombe 1998, method 3). */
export function shareOf({ successes, trials }: Counts): Estimate {
  if (trials === 0) return { value: 0, low: 0, high: 1 };
  const share = successes / trials;
  const spread = z * Math.sqrt(z * z + 4 * trials * share * (1 - share));
  const middle = 2 * trials * share + z * z;
  const divisor = 2 * (trials + z * z);
  return {
    value: share,
    low: successes === 0 ? 0 : (middle - spread) / divisor,
    high: successes === trials ? 1 : (middle + spread) / divisor,
  };
}

/**
 * The difference of two independent shares with the hybrid score interval (Newcombe 1998, method 10), which keeps its coverage
 * for small counts and for shares near 0 and 1 where the textbook interval fails.
 */
export function differenceOf(treatment: Counts, control: Counts): Estimate {
  const [a, b] = [shareOf(treatment), shareOf(control)];
  const value = a.value - b.value;
  return {
    value,
    low: value - Math.hypot(a.value - a.low, b.high - b.value),
    high: value + Math.hypot(a.high - a.value, b.value - b.low),
  };
}

/** Two-sided p-value of the pooled z-test for equal shares. */
export function pValueOf(treatment: Counts, control: Counts): number {
  const trials = treatment.trials + control.trials;
  const pooled = (treatment.successes + control.successes) / trials;
  const variance = pooled * (1 - pooled) * (1 / treatment.trials + 1 / control.trials);
  if (!(variance > 0)) return 1;
  const difference = treatment.successes / treatment.trials - control.successes / control.trials;
  return normalPValue(difference / Math.sqrt(variance));
}
