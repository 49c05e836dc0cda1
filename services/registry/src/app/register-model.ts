import { isName, refusal, unixSeconds } from '@hone/base';
import { baseManifest, type InputOf, type ModelEntry, type modelRegister } from '@hone/contracts';
import { modelId } from '../domain/model-id.js';
import type { RegistryState } from './registry-state.js';

/** Gives a base model's folder its name. The same name with the same bytes is the same entry; other bytes are refused. */
export async function registerModel(state: RegistryState, input: InputOf<typeof modelRegister>): Promise<ModelEntry> {
  const { name, manifest: digest, fingerprint } = input;
  const manifest = await state.store.getManifest(digest, baseManifest);
  if (manifest.fingerprint !== fingerprint) {
    const message = `[model ${name}] expected the fingerprint of its manifest, ${manifest.fingerprint}, but received ${fingerprint}`;
    throw refusal('fingerprint_mismatch', `${message}; fix: import the folder again`, { param: 'fingerprint' });
  }
  if (isName(name) && (await state.aliases.get(name))) {
    throw refusal('model_exists', `[model ${name}] expected a free name but an alias has it; fix: choose another`, {
      status: 409,
    });
  }
  const wanted: ModelEntry = {
    name,
    kind: 'base',
    manifest: digest,
    fingerprint,
    createdAt: unixSeconds(state.clock),
    evidence: [],
  };
  const { entry } = await state.models.ensure(modelId(name), wanted);
  if (entry.value.manifest !== digest) {
    const message = `[model ${name}] expected the bytes ${entry.value.manifest} for this name but received ${digest}`;
    throw refusal('model_exists', `${message}; fix: choose another name`, { status: 409, param: 'name' });
  }
  return entry.value;
}
