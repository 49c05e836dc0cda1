import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { asHoneError, unixSeconds, filesOfFullFineTune } from '@hone/base';
import { materialize } from '@hone/artifacts';
import {
  adapterManifest,
  baseManifest,
  modelGet,
  type ExportEntry,
  type exportRun,
  type InputOf,
} from '@hone/contracts';
import { isNoRoom, type MeshContext } from '@hone/mesh';
import type { ExportOrder } from '../engine/export-protocol.js';
import { folderNameOf } from '../domain/folder-name.js';
import { startExport } from '../engine/export-thread.js';
import type { RunPlace } from './run-place.js';
import { storeFolder } from './store-folder.js';

/**
 * Writes a queued export and stores it with its certificate. A redelivery begins again in an empty folder under a new fence; a fault
 * leaves the export for a retry, anything else would happen again and fails it.
 */
export async function runExport(
  place: RunPlace,
  { export: id }: InputOf<typeof exportRun>,
  context: MeshContext,
): Promise<void> {
  const { exports } = place.store;
  const isOver = ({ status }: ExportEntry): boolean => status === 'succeeded' || status === 'failed';
  if (isOver((await exports.find(id)).value)) return;
  const lease = await exports.claim(id, (entry) => (isOver(entry) ? entry : { ...entry, status: 'running' }));
  const folder = join(place.scratch, 'exports', id);
  try {
    const done = await writeExport(place, lease.entry.value, folder, context);
    await lease.change((entry) => ({ ...entry, ...done, status: 'succeeded', finishedAt: unixSeconds() }));
  } catch (thrown) {
    const error = asHoneError(thrown);
    if (error.code === 'lease_lost') return;
    if ((error.kind === 'fault' || isNoRoom(thrown)) && !context.isLastAttempt) throw thrown;
    await lease.change((entry) => ({
      ...entry,
      status: 'failed',
      finishedAt: unixSeconds(),
      error: { ...error.toJSON() },
    }));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function writeExport(
  { mesh, artifacts, scratch }: RunPlace,
  entry: ExportEntry,
  folder: string,
  context: MeshContext,
): Promise<Pick<ExportEntry, 'manifest' | 'files' | 'certificate'>> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const model = await mesh.request(modelGet, { name: entry.model });
  const base = model.base === undefined ? model : await mesh.request(modelGet, { name: model.base });
  const { files: baseFiles } = await artifacts.getManifest(base.manifest, baseManifest);
  const order: ExportOrder = {
    base: join(scratch, 'bases', folderNameOf(base.fingerprint)),
    target: entry.format === 'gguf' ? `gguf-${entry.type ?? 'f16'}` : entry.format,
    output: join(folder, 'result'),
    name: base.name,
  };
  await materialize(artifacts, baseFiles, order.base);
  if (model.kind === 'adapter') {
    const { files, rank } = await artifacts.getManifest(model.manifest, adapterManifest);
    const own = join(folder, 'trained');
    if (rank > 0) order.adapter = own;
    else order.base = own;
    await materialize(artifacts, rank > 0 ? files : filesOfFullFineTune(baseFiles, files), own);
  }
  const certificate = await startExport(order, context.signal);
  const files = await storeFolder(artifacts, order.output);
  const manifest = await artifacts.putManifest({
    kind: 'export',
    files,
    model: model.manifest,
    base: base.fingerprint,
    format: entry.format,
    ...(entry.type === undefined ? {} : { type: entry.type }),
    certificate,
  });
  return {
    manifest,
    files: files.map((file) => ({ ...file })),
    certificate: { ...certificate, bound: { ...certificate.bound } },
  };
}
