import { unixSeconds } from '@hone/base';
import type { ExperimentEntry } from '@hone/contracts';
import { concludedExperiment, shownExperiment } from '../domain/experiment.js';
import type { RegistryState } from './registry-state.js';

/** Ends an experiment; ending it again keeps its first reason. */
export async function concludeExperiment(state: RegistryState, name: string, reason: string): Promise<ExperimentEntry> {
  const at = unixSeconds(state.clock);
  const entry = await state.experiments.find(name);
  if (entry.value.status === 'concluded') return shownExperiment(entry.value);
  const changed = await state.experiments.change(name, (value) => concludedExperiment(value, reason.slice(0, 500), at));
  return shownExperiment(changed.value);
}

/** Ends what runs on an alias that moved: its arms were chosen against the model that it stood for. */
export async function concludeOnAlias(state: RegistryState, alias: string, reason: string): Promise<void> {
  for (const { id, value } of await state.experiments.list()) {
    if (value.alias === alias && value.status === 'running') await concludeExperiment(state, id, reason);
  }
}
