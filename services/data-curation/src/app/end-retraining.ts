import { type Outcome, withOutcome } from '../domain/retrain-policy.js';
import type { CurationState } from './curation-state.js';

/** Tells the policy that waits for a job how it ended; returns its alias, or nothing when no policy waits for it. */
export async function endRetraining(
  state: CurationState,
  job: string,
  outcome: Outcome,
  reason: string,
): Promise<string | undefined> {
  const waiting = (await state.policies.list()).find(({ value }) => value.attempt?.job === job);
  if (!waiting) return undefined;
  const nowMs = state.clock.now();
  const isLearnt = outcome === 'promoted' || outcome === 'evaluated';
  // The votes are free again before the policy forgets the attempt: a crash between the two comes back here.
  for (const { feedback } of isLearnt ? [] : (waiting.value.attempt?.pairs ?? [])) {
    await state.feedback.change(feedback, ({ usedBy: _used, ...value }) => value);
  }
  await state.policies.change(waiting.id, (policy) => withOutcome(policy, job, outcome, reason, nowMs));
  return waiting.id;
}
