import { type ErrorBody, unixSeconds } from '@hone/base';
import { runFailed, type JobEntry } from '@hone/contracts';
import type { Mesh } from '@hone/mesh';
import { become, isTerminal } from '../domain/job-life.js';
import type { JobStore } from './job-store.js';

/** Ends a job as failed or cancelled, once: a job that has ended stays as it is. Whoever waits for it is told. */
export async function endJob(
  mesh: Mesh,
  store: JobStore,
  id: string,
  status: 'failed' | 'cancelled',
  error?: ErrorBody,
): Promise<JobEntry> {
  const fields = error === undefined ? {} : { error: { ...error } };
  const { value: job } = await store.jobs.change(id, (entry) =>
    isTerminal(entry.status) ? entry : become(entry, status, unixSeconds(), fields),
  );
  if (job.status !== status) return job;
  const message =
    status === 'cancelled' ? 'The job was cancelled.' : `The job failed: ${job.error?.message ?? 'unknown reason'}`;
  await store.tell(id, status, { message, level: status === 'failed' ? 'error' : 'warn' });
  const facts = {
    job: id,
    status,
    ...(job.suffix === undefined ? {} : { alias: job.suffix }),
    ...(job.error === undefined ? {} : { error: job.error }),
  };
  await mesh.emit(runFailed, facts, { id: `${id}.${status}` });
  return job;
}
