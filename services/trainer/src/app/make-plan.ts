import { type ArtifactFile, type ArtifactStore } from '@hone/artifacts';
import { filesOfFullFineTune, HoneError } from '@hone/base';
import {
  adapterManifest,
  baseManifest,
  modelGet,
  type InputOf,
  type ModelEntry,
  type planMake,
  type ReplyOf,
} from '@hone/contracts';
import type { Mesh } from '@hone/mesh';
import { planApart } from '@hone/recipes';
import { planningFolder } from './planning-folder.js';

/** Plans training or serving a model on this machine. What fits in no way is an answer; any other refusal is the caller's. */
export async function makePlan(
  { mesh, artifacts, scratch }: { mesh: Mesh; artifacts: ArtifactStore; scratch: string },
  { model: name, train, serve }: InputOf<typeof planMake>,
  signal: AbortSignal,
): Promise<ReplyOf<typeof planMake>> {
  signal.throwIfAborted();
  const { files, digest } = await weightsOf(mesh, artifacts, await mesh.request(modelGet, { name }));
  const folder = await planningFolder(artifacts, scratch, files, digest, signal);
  const load = train === undefined ? { serve } : { train };
  const found = await planApart<ReplyOf<typeof planMake>['plan']>({ folder, ...load }, signal);
  if (!('error' in found)) return { plan: found.plan };
  if (found.error.code === 'out_of_memory') return { error: { ...found.error } };
  throw HoneError.from(found.error);
}

/** The files that a model's shape and format are told by: its base's for an adapter, its own for a full fine-tune. */
async function weightsOf(
  mesh: Mesh,
  artifacts: ArtifactStore,
  model: ModelEntry,
): Promise<{ files: readonly ArtifactFile[]; digest: string }> {
  const base = model.base === undefined ? model : await mesh.request(modelGet, { name: model.base });
  const { files } = await artifacts.getManifest(base.manifest, baseManifest);
  if (model.kind === 'adapter') {
    const own = await artifacts.getManifest(model.manifest, adapterManifest);
    if (own.rank === 0) return { files: filesOfFullFineTune(files, own.files), digest: model.manifest };
  }
  return { files, digest: base.fingerprint };
}
