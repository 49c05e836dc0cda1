import { bootstrap, type BootstrapOptions, type Estimate } from './estimate.js';

/** The log-probability that a model gives to the tokens of one reference answer. */
export interface ScoredAnswer {
  /** Natural logarithm, summed over the answer's tokens. */
  logProb: number;
  tokens: number;
}

/** exp of the token-weighted mean negative log-likelihood: a long answer counts as much as its tokens. */
export function perplexity(scores: readonly ScoredAnswer[], options: BootstrapOptions = {}): Estimate {
  const loss = meanLoss(scores, options);
  return { value: Math.exp(loss.value), low: Math.exp(loss.low), high: Math.exp(loss.high) };
}

/** The mean negative log-likelihood per token in nats, with a bootstrap interval over answers. */
export function meanLoss(scores: readonly ScoredAnswer[], options: BootstrapOptions = {}): Estimate {
  if (scores.every(({ tokens }) => tokens === 0))
    throw new RangeError('[perplexity] expected at least one scored token but received none');
  return bootstrap(scores.length, (drawn) => lossOf(scores, drawn), options);
}

export function lossOf(scores: readonly ScoredAnswer[], drawn: Uint32Array): number {
  let [logProb, tokens] = [0, 0];
  for (const index of drawn) {
    const score = scores[index] as ScoredAnswer;
    logProb += score.logProb;
    tokens += score.tokens;
  }
  return tokens === 0 ? 0 : -logProb / tokens;
}
