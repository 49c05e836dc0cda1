import { refusal, unixSeconds } from '@hone/base';
import type { AliasEntry, aliasMove, InputOf } from '@hone/contracts';
import { currentTraceparent } from '@hone/telemetry';
import { isRollback, movedAlias } from '../domain/alias.js';
import { modelId } from '../domain/model-id.js';
import { concludeOnAlias } from './conclude-experiment.js';
import { unknownModel } from './get-model.js';
import { labelAdapter, supersede } from './label-adapter.js';
import type { RegistryState } from './registry-state.js';
import { swapAlias } from './swap-alias.js';

/** Moves an alias by a person's hand: to any model, for a reason that is kept. Going back to the model before is a roll-back. */
export async function moveAlias(state: RegistryState, input: InputOf<typeof aliasMove>): Promise<AliasEntry> {
  const { name, model, reason } = input;
  const target = await state.models.get(modelId(model));
  if (!target) throw await unknownModel(state, model);
  if (await state.models.get(modelId(name))) {
    throw refusal('model_exists', `[alias ${name}] expected a free name but a model has it; fix: choose another`, {
      status: 409,
    });
  }
  const at = unixSeconds(state.clock);
  const { before, after } = await swapAlias(state, name, (current) =>
    movedAlias(current, { name, model, reason, at, traceparent: currentTraceparent(), before: target.value.base }),
  );
  if (before?.model === after.model) return after;
  const why = { reason: `by hand: ${reason}`, at };
  if (before && isRollback(before, model)) await labelAdapter(state, before.model, 'rolled-back', why);
  else await supersede(state, before?.model, { ...why, reason: `${model} took its place by hand: ${reason}` });
  await labelAdapter(state, model, 'promoted', why);
  await concludeOnAlias(state, name, `${name} was moved to ${model}: ${reason}`);
  return after;
}
