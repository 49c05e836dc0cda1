import { refusal, unixSeconds } from '@hone/base';
import type { ExperimentEntry, experimentCreate, InputOf } from '@hone/contracts';
import { isSameExperiment, shownExperiment, startedExperiment } from '../domain/experiment.js';
import { getModel } from './get-model.js';
import type { RegistryState } from './registry-state.js';

/**
 * Starts an A/B experiment. An alias has at most one that runs: two would fight over the same users. An arm that names an alias
 * keeps the model that the alias stands for now, so that an arm never changes under its votes.
 */
export async function createExperiment(
  state: RegistryState,
  input: InputOf<typeof experimentCreate>,
): Promise<ExperimentEntry> {
  const { name, alias } = input;
  if (!(await state.aliases.get(alias))) throw await unknownAlias(state, alias);
  const arms = await Promise.all(
    input.arms.map(async (arm) => ({ ...arm, model: (await getModel(state, arm.model)).name })),
  );
  const existing = await state.experiments.get(name);
  if (existing) {
    if (isSameExperiment(existing.value, { ...input, arms })) return shownExperiment(existing.value);
    const message = `[experiment ${name}] expected a new name but one with other arms has it`;
    throw refusal('experiment_exists', `${message}; fix: choose another name`, { status: 409, param: 'name' });
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
