import { seeded } from '@hone/base';
import { quantileSorted } from 'simple-statistics';

/** A measured number with its 95 % confidence interval. */
export interface Estimate {
  value: number;
  low: number;
  high: number;
}

/** The normal quantile of 0.975. A constant, because simple-statistics' probit is right to three digits only. */
const z = 1.959963984540054;

/** The two tails that a 95 % interval leaves out. */
const tail = 0.025;

/**
 * The Wilson score interval of a share (Wilson 1927; Newcombe 1998, method 3). Unlike the normal one it never leaves [0, 1] and
 * is not empty when all or none succeed.
 */
export function wilson(successes: number, trials: number): Estimate {
  if (trials === 0) return { value: 0, low: 0, high: 1 };
  const share = successes / trials;
  const spread = z * Math.sqrt(z * z + 4 * trials * share * (1 - share));
  const middle = 2 * trials * share + z * z;
  const divisor = 2 * (trials + z * z);
  // At the ends the formula is exact but its rounding is not.
  const low = successes === 0 ? 0 : (middle - spread) / divisor;
  const high = successes === trials ? 1 : (middle + spread) / divisor;
  return { value: share, low, high };
}

export interface BootstrapOptions {
  seed?: number;
  resamples?: number;
}

/**
 * The percentile bootstrap (Efron 1979): `statistic` receives row numbers drawn with replacement. Rows are drawn, not tokens,
 * because the tokens of one answer are right or wrong together.
 */
export function bootstrap(
  rows: number,
  statistic: (drawn: Uint32Array) => number,
  { seed = 0, resamples = 1000 }: BootstrapOptions = {},
): Estimate {
  const all = Uint32Array.from({ length: rows }, (_, index) => index);
  const value = statistic(all);
  if (rows < 2) return { value, low: value, high: value };
  const drawn = new Uint32Array(rows);
  const values = Array.from({ length: resamples }, (_, resample) => {
    const random = seeded(seed, 'bootstrap', resample);
    for (let at = 0; at < rows; at++) drawn[at] = Math.floor(random() * rows);
    return statistic(drawn);
  }).sort((a, b) => a - b);
  return { value, low: quantileSorted(values, tail), high: quantileSorted(values, 1 - tail) };
}
