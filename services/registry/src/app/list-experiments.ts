import { type experimentList, newestFirst, pageOf, type ReplyOf } from '@hone/contracts';
import { shownExperiment } from '../domain/experiment.js';
import type { RegistryState } from './registry-state.js';

/** Every experiment with its votes, newest first, as many as a reply can carry. */
export async function listExperiments(state: RegistryState): Promise<ReplyOf<typeof experimentList>> {
  const entries = await state.experiments.list();
  return { data: pageOf(newestFirst(entries.map(({ value }) => shownExperiment(value)))).data };
}
