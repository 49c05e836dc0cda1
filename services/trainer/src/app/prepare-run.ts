import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { bug, refusal } from '@hone/base';
import { type ArtifactStore, materialize } from '@hone/artifacts';
import {
  baseManifest,
  checkpointManifest,
  datasetManifest,
  modelGet,
  shardsManifest,
  type JobEntry,
  type DatasetManifest,
} from '@hone/contracts';
import type { Mesh } from '@hone/mesh';
import type { TrainingOrder } from '../engine/protocol.js';
import { folderNameOf } from '../domain/folder-name.js';
import { resolveArguments } from './resolve-arguments.js';

/** Brings everything that a run reads onto this machine: base, shards and, when there is one, the checkpoint to go on from. */
export async function prepareRun(
  mesh: Mesh,
  store: ArtifactStore,
  scratch: string,
  job: JobEntry,
): Promise<TrainingOrder> {
  if (job.dataset === undefined || job.shards === undefined)
    throw bug('job_without_shards', `[job ${job.id}] expected a queued job to name its shards`);
  const model = await mesh.request(modelGet, { name: job.model });
  const [base, dataset, shards] = await Promise.all([
    store.getManifest(model.manifest, baseManifest),
    store.getManifest(job.dataset, datasetManifest),
    store.getManifest(job.shards, shardsManifest),
  ]);
  if (shards.base !== model.fingerprint) throw otherBase(job, model.name);
  const modelFolder = join(scratch, 'bases', folderNameOf(model.fingerprint));
  await materialize(store, base.files, modelFolder);
  const runFolder = join(scratch, 'runs', job.id);
  // What an earlier attempt left here may be newer than its last stored checkpoint, and would count as this attempt's own.
  await rm(runFolder, { recursive: true, force: true });
  await mkdir(runFolder, { recursive: true });
  const split = async (name: 'train' | 'validation'): Promise<string[]> => {
    const files = shards.splits[name].map(({ digest, bytes }, index) => ({
      path: `${name}-${index}.shard`,
      digest,
      bytes,
    }));
    const folder = join(scratch, 'shards', folderNameOf(job.shards as string));
    return [...(await materialize(store, files, folder)).values()];
  };
  return {
    modelFolder,
    train: await split('train'),
    validation: await split('validation'),
    ...resolveArguments(job.hyperparameters, factsOf(job, dataset)),
    baseModel: job.model,
    runFolder,
    resumeFrom: await checkpointFolder(store, runFolder, job),
  };
}

/** What the arguments of a run depend on besides the client's wishes; the same before and after a restart. */
export const factsOf = ({ seed }: JobEntry, { splits }: DatasetManifest) => ({
  rows: splits.train.rows,
  hasValidation: splits.validation.rows > 0,
  seed,
});

/** The job's last complete checkpoint, fetched from the store: the run may have been another machine's. */
async function checkpointFolder(
  store: ArtifactStore,
  runFolder: string,
  { checkpoint }: JobEntry,
): Promise<string | undefined> {
  if (checkpoint === undefined) return undefined;
  const manifest = await store.getManifest(checkpoint.digest, checkpointManifest);
  const folder = join(runFolder, `resume-${checkpoint.step}`);
  await materialize(store, manifest.files, folder);
  return folder;
}

const otherBase = (job: JobEntry, base: string) =>
  refusal(
    'wrong_base',
    `[job ${job.id}] expected shards of ${base} but they were made for another base of that name; fix: create the job again`,
    { status: 409 },
  );
