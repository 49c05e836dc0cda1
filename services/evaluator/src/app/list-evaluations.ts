import { type evaluationList, type InputOf, newestFirst, pageOf, type ReplyOf } from '@hone/contracts';
import type { EvaluatorState } from './evaluator-state.js';

/** The newest evaluations, perhaps of one candidate, as many as a reply can carry. */
export async function listEvaluations(
  state: EvaluatorState,
  { candidate, limit }: InputOf<typeof evaluationList>,
): Promise<ReplyOf<typeof evaluationList>> {
  const entries = (await state.evaluations.list()).map(({ value }) => value);
  const wanted = candidate ? entries.filter((entry) => entry.candidate === candidate) : entries;
  return { data: pageOf(newestFirst(wanted), { limit }).data };
}
