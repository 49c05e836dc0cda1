import { rm } from 'node:fs/promises';
import { newId, unixSeconds } from '@hone/base';
import type { JobEntry } from '@hone/contracts';
import type { Lease } from '@hone/mesh';
import { checkpointModelName, fineTunedModelName } from '../domain/model-name.js';
import type { TrainingNews } from '../engine/protocol.js';
import type { RunPlace } from './run-place.js';
import { storeFolder } from './store-folder.js';

/** Makes a checkpoint durable: files, then manifest, then the job's pointer to it. A worker that lost its lease moves nothing. */
export async function publishCheckpoint(
  { artifacts, store }: RunPlace,
  lease: Lease<JobEntry>,
  { folder, step, metrics }: Extract<TrainingNews, { type: 'checkpoint' }>,
): Promise<void> {
  const files = await storeFolder(artifacts, folder);
  await rm(folder, { recursive: true, force: true });
  const digest = await artifacts.putManifest({ kind: 'checkpoint', files, step });
  const { value: job } = await lease.change((entry) => ({ ...entry, checkpoint: { digest, step } }));
  const model = checkpointModelName(fineTunedModelName(job.model, job.suffix, job.id), step);
  await store.checkpoints.ensure(`${job.id}.${step}`, {
    id: newId('ftckpt'),
    job: job.id,
    createdAt: unixSeconds(),
    step,
    model,
    manifest: digest,
    metrics,
  });
  await store.tell(job.id, `checkpoint-${step}`, {
    message: `Checkpoint created at step ${step}`,
    data: { step, ...metrics },
  });
}
