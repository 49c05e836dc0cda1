import { refusal } from '@hone/base';
import type { JobEntry } from '@hone/contracts';

type Status = JobEntry['status'];

const next: Record<Status, readonly Status[]> = {
  validating_files: ['queued', 'failed', 'cancelled'],
  queued: ['running', 'failed', 'cancelled'],
  running: ['running', 'succeeded', 'failed', 'cancelled'],
  succeeded: [],
  failed: [],
  cancelled: [],
};

export const isTerminal = (status: Status): boolean => next[status].length === 0;

/** Whether a job may go from one status to another; a terminal job never moves again. */
export const mayBecome = (from: Status, to: Status): boolean => next[from].includes(to);

/** The job with a new status, or a refusal that says where it is. */
export function become(job: JobEntry, status: Status, at: number, fields: Partial<JobEntry> = {}): JobEntry {
  if (!mayBecome(job.status, status)) {
    throw refusal(
      'wrong_job_status',
      `[job ${job.id}] expected a job that can become ${status} but it is ${job.status}`,
      { status: 409 },
    );
  }
  const times = isTerminal(status)
    ? { finishedAt: at }
    : status === 'running' && job.startedAt === undefined
      ? { startedAt: at }
      : {};
  return { ...job, ...times, ...fields, status };
}
