import type { evaluationList, InputOf, ReplyOf } from '@hone/contracts';
import { newestThatFit } from '../domain/newest-that-fit.js';
import type { EvaluatorState } from './evaluator-state.js';

/** The newest evaluations, perhaps of one candidate, as many as a reply can carry. */
export async function listEvaluations(
  state: EvaluatorState,
  { candidate, limit }: InputOf<typeof evaluationList>,
): Promise<ReplyOf<typeof evaluationList>> {
  const entries = (await state.evaluations.list()).map(({ value }) => value);
  return { data: newestThatFit(candidate ? entries.filter((entry) => entry.candidate === candidate) : entries, limit) };
}
