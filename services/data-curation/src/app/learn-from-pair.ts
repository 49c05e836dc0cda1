import { HoneError } from '@hone/base';
import { type InputOf, modelGet, type pairMade } from '@hone/contracts';
import { currentTraceparent } from '@hone/telemetry';
import { decideRetrain, newPolicy, withNote, withPair } from '../domain/retrain-policy.js';
import type { CurationState } from './curation-state.js';

/** Keeps a pair for the next retraining of its alias; returns the alias, or nothing when the turn belongs to none. */
export async function learnFromPair(state: CurationState, pair: InputOf<typeof pairMade>): Promise<string | undefined> {
  const feedback = await state.feedback.find(pair.feedback);
  if (feedback.value['pair'] !== pair.pair) {
    await state.feedback.change(pair.feedback, (value) => ({ ...value, pair: pair.pair }));
  }
  const alias = pair.alias ?? (await aliasOf(state, pair.model));
  if (alias === undefined || feedback.value.usedBy !== undefined) return alias;
  const { entry } = await state.policies.ensure(alias, newPolicy(alias));
  const isCorrection = feedback.value.correction !== undefined;
  const nowMs = state.clock.now();
  const learnt = (policy: typeof entry.value) => {
    const next = withPair(
      policy,
      { feedback: pair.feedback, isCorrection, wasTried: false },
      nowMs,
      currentTraceparent(),
    );
    return next === policy ? policy : withNote(next, decideRetrain(next, state.retrain, nowMs));
  };
  if (learnt(entry.value) !== entry.value) await state.policies.change(alias, learnt);
  return alias;
}

/** A model that was asked for by its own name teaches the alias that it was trained for. */
async function aliasOf(state: CurationState, model: string): Promise<string | undefined> {
  try {
    return (await state.mesh.request(modelGet, { name: model })).alias;
  } catch (thrown) {
    if (thrown instanceof HoneError && thrown.status === 404) return undefined;
    throw thrown;
  }
}
