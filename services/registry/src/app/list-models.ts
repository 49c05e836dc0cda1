import type { modelList, ReplyOf } from '@hone/contracts';
import { newestThatFit } from '../domain/newest-that-fit.js';
import type { RegistryState } from './registry-state.js';

const aliasBytesMax = 16 * 1024;
const modelBytesMax = 40 * 1024;

/** Every model and alias, newest first, as many as a reply can carry; the evidence of a model is told by `model.get`. */
export async function listModels(state: RegistryState): Promise<ReplyOf<typeof modelList>> {
  const [models, aliases] = await Promise.all([state.models.list(), state.aliases.list()]);
  const dated = aliases.map(({ value }) => ({ ...value, createdAt: value.movedAt }));
  return {
    models: newestThatFit(
      models.map(({ value }) => ({ ...value, evidence: [] })),
      modelBytesMax,
    ),
    aliases: newestThatFit(dated, aliasBytesMax).map(({ createdAt: _movedAt, ...alias }) => alias),
  };
}
