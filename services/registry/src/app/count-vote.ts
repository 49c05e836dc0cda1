import type { feedbackGiven, InputOf } from '@hone/contracts';
import { countedVote } from '../domain/experiment.js';
import type { RegistryState } from './registry-state.js';

/** Counts a vote on the arm that answered, once however often the event is delivered. */
export async function countVote(
  state: RegistryState,
  { feedback, turn }: InputOf<typeof feedbackGiven>,
): Promise<void> {
  const { experiment, arm } = turn;
  if (experiment === undefined || arm === undefined) return;
  const vote = { feedback: feedback.id, arm, rating: feedback.rating };
  const entry = await state.experiments.get(experiment);
  if (entry === undefined || countedVote(entry.value, vote) === entry.value) return;
  await state.experiments.change(experiment, (value) => countedVote(value, vote));
}
