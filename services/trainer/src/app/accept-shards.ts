import { unixSeconds } from '@hone/base';
import { runStart, shardsPublished, type InputOf } from '@hone/contracts';
import type { Mesh } from '@hone/mesh';
import { become } from '../domain/job-life.js';
import type { JobStore } from './job-store.js';

/** The tokens that a job waited for are there: the job is queued. Repeated or late news changes nothing. */
export async function acceptShards(
  mesh: Mesh,
  store: JobStore,
  { requestId, dataset, shards, tokens }: InputOf<typeof shardsPublished>,
): Promise<void> {
  if ((await store.jobs.get(requestId)) === undefined) return;
  const { value: job } = await store.jobs.change(requestId, (entry) =>
    entry.status === 'validating_files' ? become(entry, 'queued', unixSeconds(), { dataset, shards }) : entry,
  );
  if (job.status !== 'queued' || job.shards !== shards) return;
  await store.tell(job.id, 'queued', {
    message: `Files validated, moving job to queued state: ${tokens.train} training tokens, ${tokens.trainable} of them trainable`,
    data: { ...tokens, dataset, shards },
  });
  await mesh.send(runStart, { job: job.id, shards }, { id: `${job.id}.run` });
}
