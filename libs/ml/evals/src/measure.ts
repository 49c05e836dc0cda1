import { exactMatch, isExactMatch } from './answer-match.js';
import type { BootstrapOptions, Estimate } from './estimate.js';
import { perplexity, type ScoredAnswer } from './perplexity.js';

/** A question and the answer that a person wrote. */
export interface EvaluationItem<Prompt = unknown> {
  prompt: Prompt;
  answer: string;
}

/** The model under test, as functions: evaluation knows neither engines nor services. */
export interface ModelUnderTest<Prompt> {
  /** Log-probabilities of the given answers. */
  score: (items: readonly EvaluationItem<Prompt>[]) => Promise<readonly ScoredAnswer[]>;
  /** Greedy answers. */
  generate: (prompts: readonly Prompt[]) => Promise<readonly string[]>;
}

export interface ItemResult extends ScoredAnswer {
  answer: string;
  isExact: boolean;
}

export interface Measured {
  perplexity: Estimate;
  exactMatch: Estimate;
  rows: number;
  tokens: number;
  items: ItemResult[];
}

/** Perplexity of the reference answers and the share of greedy answers that equal them. */
export async function measure<Prompt>(
  items: readonly EvaluationItem<Prompt>[],
  { score, generate }: ModelUnderTest<Prompt>,
  options: BootstrapOptions = {},
): Promise<Measured> {
  if (items.length === 0) throw new RangeError('[measure] expected at least one item but received none');
  const scores = await score(items);
  const answers = await generate(items.map(({ prompt }) => prompt));
  if (scores.length !== items.length || answers.length !== items.length)
    throw new RangeError(
      `[measure] expected ${items.length} scores and answers but received ${scores.length} and ${answers.length}`,
    );
  const results = items.map((item, index) => itemResult(item, scores[index] as ScoredAnswer, answers[index] as string));
  return measured(results, items, options);
}

/** The same numbers from results that were collected elsewhere, e.g. in several requests. */
export function measured(
  results: readonly ItemResult[],
  items: readonly { answer: string }[],
  options: BootstrapOptions = {},
): Measured {
  return {
    perplexity: perplexity(results, options),
    exactMatch: exactMatch(
      results.map(({ answer }) => answer),
      items.map(({ answer }) => answer),
    ),
    rows: results.length,
    tokens: results.reduce((sum, { tokens }) => sum + tokens, 0),
    items: [...results],
  };
}

export const itemResult = (
  item: { answer: string },
  { logProb, tokens }: ScoredAnswer,
  answer: string,
): ItemResult => ({
  logProb,
  tokens,
  answer,
  isExact: isExactMatch(answer, item.answer),
});
