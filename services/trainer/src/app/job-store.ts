import { newId, unixSeconds } from '@hone/base';
import {
  exportEntry,
  jobCheckpoint,
  jobEntry,
  jobEvent,
  ledgers,
  type ExportEntry,
  type JobCheckpoint,
  type JobEntry,
  type JobEvent,
} from '@hone/contracts';
import type { Ledger, Mesh } from '@hone/mesh';

type EventFields = Pick<JobEvent, 'message'> & Partial<Pick<JobEvent, 'level' | 'type' | 'data'>>;

/** The trainer's names: jobs, their events and their checkpoints, and exports. */
export class JobStore {
  readonly jobs: Ledger<JobEntry>;
  readonly events: Ledger<JobEvent>;
  readonly checkpoints: Ledger<JobCheckpoint>;
  readonly exports: Ledger<ExportEntry>;

  constructor(mesh: Mesh) {
    this.jobs = mesh.ledger(ledgers.jobs, 'job', jobEntry);
    this.events = mesh.ledger(ledgers.jobs, 'event', jobEvent);
    this.checkpoints = mesh.ledger(ledgers.jobs, 'checkpoint', jobCheckpoint);
    this.exports = mesh.ledger(ledgers.jobs, 'export', exportEntry);
  }

  /** Records an event once: the key names the fact, so that a repeated delivery or a resumed step adds nothing. */
  async tell(
    job: string,
    key: string,
    { message, level = 'info', type = 'message', data }: EventFields,
  ): Promise<void> {
    const event: JobEvent = {
      id: newId('ftevent'),
      job,
      createdAt: unixSeconds(),
      level,
      message,
      type,
      ...(data === undefined ? {} : { data }),
    };
    await this.events.ensure(`${job}.${key}`, event);
  }
}
