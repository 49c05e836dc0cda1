import { isConflict } from '@hone/mesh';
import { decideRetrain, type RetrainDecision, withAttempt, withNote } from '../domain/retrain-policy.js';
import { askForRetraining } from './ask-for-retraining.js';
import type { CurationState } from './curation-state.js';

const triesMax = 20;

/**
 * Lets the policy of an alias decide, and acts on it. The attempt is written before the job is asked for, so a crash between
 * the two is healed by looking again: the same attempt asks for the same job. Returns when to look again, if ever.
 */
export async function considerRetrain(state: CurationState, alias: string): Promise<number | undefined> {
  for (let tries = 1; ; tries++) {
    const entry = await state.policies.get(alias);
    if (!entry) return undefined;
    if (entry.value.attempt && !entry.value.attempt.isAsked) {
      await askForRetraining(state, alias, entry.value.attempt);
      if ((await state.policies.get(alias))?.value.attempt) return undefined;
      continue;
    }
    const decision: RetrainDecision = decideRetrain(entry.value, state.retrain, state.clock.now());
    const next =
      decision.act === 'retrain'
        ? withAttempt(entry.value, decision, state.clock.now())
        : withNote(entry.value, decision);
    try {
      if (next !== entry.value) await state.policies.update(entry, next);
    } catch (thrown) {
      if (!isConflict(thrown) || tries === triesMax) throw thrown;
      continue;
    }
    if (decision.act === 'wait') return decision.atMs;
  }
}
