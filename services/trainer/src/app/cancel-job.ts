import { refusal } from '@hone/base';
import type { JobEntry } from '@hone/contracts';
import type { Mesh } from '@hone/mesh';
import { isTerminal } from '../domain/job-life.js';
import { endJob } from './end-job.js';
import type { JobStore } from './job-store.js';
import type { RunningJobs } from './running-jobs.js';

/**
 * Cancels a job. One that has not started ends at once; a running one is told to stop before its next step, by this process
 * when it runs here, else through the ledger, which the worker that runs it reads.
 */
export async function cancelJob(mesh: Mesh, store: JobStore, running: RunningJobs, id: string): Promise<JobEntry> {
  const { value: job } = await store.jobs.change(id, (entry) => {
    if (!isTerminal(entry.status)) return { ...entry, cancelRequested: true };
    throw refusal(
      'wrong_job_status',
      `[fine_tuning.jobs] expected a job that has not ended but ${id} is ${entry.status}`,
      { status: 409 },
    );
  });
  running.cancel(id);
  return job.status === 'running' ? job : endJob(mesh, store, id, 'cancelled');
}
