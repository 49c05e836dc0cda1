import { refusal } from '@hone/base';
import {
  adapterManifest,
  adapterRegistered,
  baseManifest,
  type InputOf,
  type ModelEntry,
  type runFinished,
} from '@hone/contracts';
import { currentTraceparent } from '@hone/telemetry';
import { z } from 'zod';
import { modelId } from '../domain/model-id.js';
import { getModel } from './get-model.js';
import type { RegistryState } from './registry-state.js';

const producedManifest = z.discriminatedUnion('kind', [adapterManifest, baseManifest]);

/**
 * Gives the result of a run its name as a candidate. The time is the event's own, so a redelivered event writes the same entry;
 * the incumbent is the one of the first delivery.
 */
export async function registerAdapter(
  state: RegistryState,
  run: InputOf<typeof runFinished>,
  storedAtMs: number,
): Promise<ModelEntry> {
  const base = await getModel(state, run.base);
  const manifest = await state.store.getManifest(run.manifest, producedManifest);
  const fingerprint = manifest.kind === 'adapter' ? manifest.base : manifest.fingerprint;
  if (manifest.kind === 'adapter' && fingerprint !== base.fingerprint) throw wrongBase(run.model, base, fingerprint);
  const alias = run.alias === undefined ? undefined : await state.aliases.get(run.alias);
  const traceparent = currentTraceparent();
  const wanted: ModelEntry = {
    name: run.model,
    kind: manifest.kind,
    manifest: run.manifest,
    fingerprint,
    createdAt: Math.floor(storedAtMs / 1000),
    base: base.name,
    state: 'candidate',
    ...(run.alias === undefined ? {} : { alias: run.alias }),
    job: run.job,
    dataset: run.dataset,
    incumbent: alias?.value.model ?? base.name,
    evidence: [],
    ...(traceparent ? { traceparent } : {}),
  };
  const { entry } = await state.models.ensure(modelId(run.model), wanted);
  const model = entry.value;
  if (model.manifest !== run.manifest) throw takenName(model, run.manifest);
  await state.mesh.emit(
    adapterRegistered,
    {
      model: model.name,
      base: base.name,
      ...(model.alias ? { alias: model.alias } : {}),
      incumbent: model.incumbent ?? base.name,
      job: run.job,
      dataset: run.dataset,
      manifest: model.manifest,
    },
    { id: run.job },
  );
  return model;
}

const wrongBase = (name: string, base: ModelEntry, fingerprint: string) =>
  refusal(
    'wrong_base',
    `[${name}] expected an adapter for ${base.name} (${base.fingerprint}) but received one for ${fingerprint}; fix: train it on this base`,
    { status: 409, details: { expected: base.fingerprint, received: fingerprint } },
  );

const takenName = (model: ModelEntry, manifest: string) =>
  refusal(
    'model_exists',
    `[${model.name}] expected the bytes ${model.manifest} but received ${manifest}; fix: choose another name`,
    {
      status: 409,
    },
  );
