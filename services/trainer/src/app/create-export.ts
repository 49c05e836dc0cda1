import { refusal, unixSeconds } from '@hone/base';
import { exportRun, modelGet, type ExportEntry, type exportCreate, type InputOf } from '@hone/contracts';
import type { Mesh } from '@hone/mesh';
import type { JobStore } from './job-store.js';

/** Records what is to be exported and asks a worker for it. Asking twice makes one export. */
export async function createExport(
  mesh: Mesh,
  store: JobStore,
  { id, model: name, format, type }: InputOf<typeof exportCreate>,
): Promise<ExportEntry> {
  const model = await mesh.request(modelGet, { name });
  if (format === 'peft' && model.kind !== 'adapter') throw noAdapter(name);
  const entry: ExportEntry = {
    id,
    // An alias is resolved now: what it stands for later is another model.
    model: model.name,
    format,
    ...(type === undefined ? {} : { type }),
    status: 'queued',
    createdAt: unixSeconds(),
  };
  const { value } = (await store.exports.ensure(id, entry)).entry;
  if (value.status === 'queued') await mesh.send(exportRun, { export: id }, { id: `${id}.run` });
  return value;
}

const noAdapter = (name: string) =>
  refusal('no_adapter', `[export] expected an adapter for peft but ${name} is a whole model; fix: export safetensors`, {
    param: 'format',
  });
