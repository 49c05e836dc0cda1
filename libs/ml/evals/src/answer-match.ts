import { wilson, type Estimate } from './estimate.js';

/** Two answers are the same when they differ at most in the white space around them. */
export const isExactMatch = (answer: string, reference: string): boolean => answer.trim() === reference.trim();

/** The share of answers that equal their reference, with the Wilson interval. */
export function exactMatch(answers: readonly string[], references: readonly string[]): Estimate {
  if (answers.length !== references.length)
    throw new RangeError(`[exact-match] expected ${references.length} answers but received ${answers.length}`);
  const matches = answers.filter((answer, index) => isExactMatch(answer, references[index] as string)).length;
  return wilson(matches, answers.length);
}
