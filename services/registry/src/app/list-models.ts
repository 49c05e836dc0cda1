import { type modelList, newestFirst, pageOf, type ReplyOf } from '@hone/contracts';
import type { RegistryState } from './registry-state.js';

const aliasBytesMax = 16 * 1024;
const modelBytesMax = 40 * 1024;

/** Every model and alias, newest first, as many as a reply can carry; the evidence of a model is told by `model.get`. */
export async function listModels(state: RegistryState): Promise<ReplyOf<typeof modelList>> {
  const [models, aliases] = await Promise.all([state.models.list(), state.aliases.list()]);
  const newest = newestFirst(models.map(({ value }) => ({ ...value, evidence: [] })));
  const lastMoved = [...aliases].sort((a, b) => b.value.movedAt - a.value.movedAt).map(({ value }) => value);
  return {
    models: pageOf(newest, { bytesMax: modelBytesMax }).data,
    aliases: pageOf(lastMoved, { bytesMax: aliasBytesMax }).data,
  };
}
