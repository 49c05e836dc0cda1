import { type HoneError, isName, refusal, suggest } from '@hone/base';
import type { ModelEntry } from '@hone/contracts';
import { modelId } from '../domain/model-id.js';
import type { RegistryState } from './registry-state.js';

/** A model by its own name, or the model that an alias of that name stands for. */
export async function getModel(state: RegistryState, name: string): Promise<ModelEntry> {
  const found = await findModel(state, name);
  if (found) return found.model;
  throw await unknownModel(state, name);
}

export async function findModel(
  state: RegistryState,
  name: string,
): Promise<{ model: ModelEntry; isAlias: boolean } | undefined> {
  const own = await state.models.get(modelId(name));
  if (own) return { model: own.value, isAlias: false };
  const alias = isName(name) ? await state.aliases.get(name) : undefined;
  const target = alias && (await state.models.get(modelId(alias.value.model)));
  return target && { model: target.value, isAlias: true };
}

export async function unknownModel(state: RegistryState, name: string): Promise<HoneError> {
  const [models, aliases] = await Promise.all([state.models.list(), state.aliases.list()]);
  const known = [...models, ...aliases].map((entry) => entry.value.name);
  const near = suggest(name, known);
  const fix = near
    ? `did you mean "${near}"`
    : known.length > 0
      ? `one of ${known.slice(0, 5).join(', ')}`
      : 'import one first';
  const message = `[model] expected a known model or alias but received "${name}"; fix: ${fix}`;
  return refusal('model_not_found', message, {
    status: 404,
    param: 'model',
    ...(near ? { details: { suggestion: near } } : {}),
  });
}
