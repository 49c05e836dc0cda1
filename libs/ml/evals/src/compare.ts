import { bootstrap, wilson, type BootstrapOptions, type Estimate } from './estimate.js';
import type { ItemResult } from './measure.js';
import { lossOf } from './perplexity.js';

/** Differences candidate minus incumbent on the same rows. */
export interface PairedComparison {
  /** Nats per token; negative means that the candidate is better. */
  loss: Estimate;
  /** Share of exact answers; positive means that the candidate is better. */
  exactMatch: Estimate;
  /** Share of rows on which the candidate gives the reference a higher probability per token; ties count half. */
  winRate: Estimate;
  rows: number;
}

/** Compares two models row by row: what makes a row hard is the same for both and drops out of the difference. */
export function comparePaired(
  candidate: readonly ItemResult[],
  incumbent: readonly ItemResult[],
  options: BootstrapOptions = {},
): PairedComparison {
  const rows = candidate.length;
  if (rows === 0 || rows !== incumbent.length)
    throw new RangeError(
      `[compare] expected the same rows for both models but received ${rows} and ${incumbent.length}`,
    );
  const outcomes = candidate.map((result, index) => outcomeOf(result, incumbent[index] as ItemResult));
  return {
    loss: bootstrap(rows, (drawn) => lossOf(candidate, drawn) - lossOf(incumbent, drawn), options),
    exactMatch: bootstrap(rows, (drawn) => exactShare(candidate, drawn) - exactShare(incumbent, drawn), options),
    winRate: winRate(outcomes),
    rows,
  };
}

export type Outcome = 'win' | 'tie' | 'loss';

/** Wins plus half the ties over all comparisons, with the Wilson interval on that number of successes. */
export function winRate(outcomes: readonly Outcome[]): Estimate {
  const points = outcomes.reduce((sum, outcome) => sum + (outcome === 'win' ? 1 : outcome === 'tie' ? 0.5 : 0), 0);
  return wilson(points, outcomes.length);
}

function outcomeOf(candidate: ItemResult, incumbent: ItemResult): Outcome {
  const perToken = ({ logProb, tokens }: ItemResult): number => (tokens === 0 ? 0 : logProb / tokens);
  const difference = perToken(candidate) - perToken(incumbent);
  return difference > 0 ? 'win' : difference < 0 ? 'loss' : 'tie';
}

function exactShare(results: readonly ItemResult[], drawn: Uint32Array): number {
  let exact = 0;
  for (const index of drawn) if ((results[index] as ItemResult).isExact) exact++;
  return exact / drawn.length;
}
