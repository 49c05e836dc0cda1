import { adapterDecided, type EvaluationEntry, type ModelEntry } from '@hone/contracts';
import { currentTraceparent } from '@hone/telemetry';
import { movedAlias } from '../domain/alias.js';
import { decide, decided, type Decision, isDecidedBy } from '../domain/life-cycle.js';
import { modelId } from '../domain/model-id.js';
import { concludeOnAlias } from './conclude-experiment.js';
import { supersede } from './label-adapter.js';
import { swapAlias } from './swap-alias.js';
import type { RegistryState } from './registry-state.js';

/**
 * Promotes or rejects a candidate on the evaluation that its registration asked for; measurements that people ask for decide
 * nothing. The experiments on the alias end first, then it moves, then the entry follows: whoever sees a step is answered as the
 * step says, and a crash between two is healed by the redelivery, which finds the earlier ones done.
 */
export async function decideAdapter(
  state: RegistryState,
  evaluation: EvaluationEntry,
  storedAtMs: number,
): Promise<Decision | undefined> {
  const entry = await state.models.get(modelId(evaluation.candidate));
  const candidate = entry?.value;
  if (candidate?.job === undefined || candidate.job !== evaluation.job) return undefined;
  const at = Math.floor(storedAtMs / 1000);
  const earlier = isDecidedBy(candidate, evaluation.id);
  if (earlier === undefined && candidate.state !== 'candidate') return undefined;
  const decision = earlier ?? (await takeDecision(state, candidate, evaluation, at));
  await state.mesh.emit(
    adapterDecided,
    {
      model: candidate.name,
      ...(candidate.alias ? { alias: candidate.alias } : {}),
      job: candidate.job,
      state: decision.state,
      evaluation: evaluation.id,
      reason: decision.reason,
    },
    { id: evaluation.id },
  );
  return decision;
}

async function takeDecision(
  state: RegistryState,
  candidate: ModelEntry,
  evaluation: EvaluationEntry,
  at: number,
): Promise<Decision> {
  const decision = await decideWithAlias(state, candidate, evaluation, at);
  await state.models.change(modelId(candidate.name), (value) =>
    value.state === 'candidate' ? decided(value, decision, evaluation, at) : value,
  );
  return decision;
}

/** The decision, taken together with the move of the alias: it is taken anew when another writer moved the alias between. */
async function decideWithAlias(
  state: RegistryState,
  candidate: ModelEntry,
  evaluation: EvaluationEntry,
  at: number,
): Promise<Decision> {
  const { alias: name, base } = candidate;
  if (name === undefined) return decide(candidate, evaluation, undefined);
  let decision = decide(candidate, evaluation, (await state.aliases.get(name))?.value);
  if (decision.state !== 'promoted') return decision;
  await concludeOnAlias(state, name, `${candidate.name} is better: ${decision.reason}`);
  const traceparent = currentTraceparent();
  const { after } = await swapAlias(state, name, (current) => {
    decision = decide(candidate, evaluation, current);
    if (decision.state !== 'promoted') return current;
    const { reason } = decision;
    return movedAlias(current, {
      name,
      model: candidate.name,
      reason,
      at,
      before: base,
      evaluation: evaluation.id,
      traceparent,
    });
  });
  if (decision.state === 'promoted') {
    // The alias itself remembers who was before: a redelivery after a crash finds the move done and this perhaps not.
    await supersede(state, after?.previous, { reason: `${candidate.name} took its place: ${decision.reason}`, at });
  }
  return decision;
}
