import type { ModelEntry } from '@hone/contracts';
import { advance, type Evidence, leadsTo } from '../domain/life-cycle.js';
import { modelId } from '../domain/model-id.js';
import type { RegistryState } from './registry-state.js';

/** Puts an adapter into its next state where its life has such an arrow; bases and unknown names have no states. */
export async function labelAdapter(
  state: RegistryState,
  model: string,
  to: NonNullable<ModelEntry['state']>,
  why: Evidence,
): Promise<void> {
  const entry = await state.models.get(modelId(model));
  if (entry?.value.state === undefined || !leadsTo(entry.value.state, to)) return;
  await state.models.change(modelId(model), (value) =>
    leadsTo(value.state ?? 'candidate', to) ? advance(value, to, why) : value,
  );
}

/** What an alias stood for before it moved is `superseded`, unless another alias still stands for it. */
export async function supersede(state: RegistryState, model: string | undefined, why: Evidence): Promise<void> {
  if (model === undefined) return;
  const aliases = await state.aliases.list();
  if (aliases.some(({ value }) => value.model === model)) return;
  await labelAdapter(state, model, 'superseded', why);
}
