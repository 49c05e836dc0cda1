import { refusal, unixSeconds } from '@hone/base';
import type { ExperimentEntry, experimentCreate, InputOf } from '@hone/contracts';
import { isSameExperiment, shownExperiment, startedExperiment } from '../domain/experiment.js';
import { modelId } from '../domain/model-id.js';
import { unknownModel } from './get-model.js';
import type { RegistryState } from './registry-state.js';

/** Starts an A/B experiment. An alias has at most one that runs: two would fight over the same users. */
export async function createExperiment(
  state: RegistryState,
  input: InputOf<typeof experimentCreate>,
): Promise<ExperimentEntry> {
  const { name, alias, arms } = input;
  const existing = await state.experiments.get(name);
  if (existing) {
    if (isSameExperiment(existing.value, input)) return shownExperiment(existing.value);
    const message = `[experiment ${name}] expected a new name but one with other arms has it`;
    throw refusal('experiment_exists', `${message}; fix: choose another name`, { status: 409, param: 'name' });
  }
  if (!(await state.aliases.get(alias))) throw await unknownAlias(state, alias);
  for (const arm of arms) {
    if (!(await state.models.get(modelId(arm.model)))) throw await unknownModel(state, arm.model);
  }
  const running = (await state.experiments.list()).find(
    ({ value }) => value.alias === alias && value.status === 'running',
  );
  if (running) {
    const message = `[experiment ${name}] expected no running experiment on ${alias} but ${running.id} runs`;
    throw refusal('experiment_running', `${message}; fix: conclude it first`, { status: 409, param: 'alias' });
  }
  const started = startedExperiment({ name, alias, arms }, unixSeconds(state.clock));
  const { entry } = await state.experiments.ensure(name, started);
  return shownExperiment(entry.value);
}

async function unknownAlias(state: RegistryState, alias: string) {
  const known = (await state.aliases.list()).map(({ id }) => id);
  const fix = known.length > 0 ? `one of ${known.slice(0, 5).join(', ')}` : 'move an alias to a model first';
  const message = `[experiment] expected a known alias but received "${alias}"; fix: ${fix}`;
  return refusal('alias_not_found', message, { status: 404, param: 'alias' });
}
