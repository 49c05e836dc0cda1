import { unixSeconds } from '@hone/base';
import { adapterRegistered, type InputOf } from '@hone/contracts';
import { become, isTerminal } from '../domain/job-life.js';
import type { JobStore } from './job-store.js';

/** The registry knows the adapter now: the job has succeeded, and its model can be asked for at once. */
export async function completeJob(
  store: JobStore,
  { job: id, model }: InputOf<typeof adapterRegistered>,
): Promise<void> {
  if ((await store.jobs.get(id)) === undefined) return;
  const { value: job } = await store.jobs.change(id, (entry) =>
    isTerminal(entry.status) ? entry : become(entry, 'succeeded', unixSeconds(), { fineTunedModel: model }),
  );
  if (job.status !== 'succeeded') return;
  await store.tell(id, 'model', { message: `New fine-tuned model created: ${model}` });
  await store.tell(id, 'succeeded', { message: 'The job has successfully completed' });
}
