import type { EvaluationEntry } from '@hone/contracts';

export interface Estimate {
  value: number;
  low: number;
  high: number;
}

/** Differences candidate - incumbent on the same rows, with 95 % intervals of a paired bootstrap. */
export interface Comparison {
  /** Mean negative log-likelihood of the reference answers, nats per token: negative is better. */
  loss: Estimate;
  /** Share of greedy answers equal to the reference: positive is better. */
  exactMatch: Estimate;
  rows: number;
}

export interface Verdict {
  verdict: NonNullable<EvaluationEntry['verdict']>;
  reason: string;
}

/** Fewer rows than this prove nothing, however clear they look. */
export const verdictRowsMin = 8;

/**
 * Better: the loss is lower beyond chance and the answers are not worse beyond chance. Worse: either of the two is worse beyond
 * chance. Everything else is inconclusive, and the incumbent stays.
 */
export function reachVerdict({ loss, exactMatch, rows }: Comparison): Verdict {
  const numbers = `loss ${signed(loss)} nats per token, exact match ${signed(exactMatch)} on ${rows} rows`;
  if (rows < verdictRowsMin) {
    return { verdict: 'inconclusive', reason: `${numbers}: at least ${verdictRowsMin} rows are needed` };
  }
  if (loss.low > 0) return { verdict: 'worse', reason: `${numbers}: the reference answers became less likely` };
  if (exactMatch.high < 0) return { verdict: 'worse', reason: `${numbers}: fewer answers are exact` };
  if (loss.high < 0) return { verdict: 'better', reason: numbers };
  return { verdict: 'inconclusive', reason: `${numbers}: the interval of the loss holds zero` };
}

const signed = ({ value, low, high }: Estimate): string => `${text(value)} [${text(low)}, ${text(high)}]`;
const text = (value: number): string => `${value >= 0 ? '+' : ''}${value.toFixed(3)}`;
