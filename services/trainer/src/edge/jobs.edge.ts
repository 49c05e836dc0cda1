import {
  adapterRefused,
  adapterRegistered,
  checkpointList,
  datasetRefused,
  eventList,
  jobCancel,
  jobCreate,
  jobGet,
  jobList,
  shardsPublished,
  shardsRefused,
  type InputOf,
  type ReplyOf,
} from '@hone/contracts';
import { Event, Mesh, Rpc } from '@hone/mesh';
import { Controller, Inject } from '@nestjs/common';
import { acceptShards } from '../app/accept-shards.js';
import { cancelJob } from '../app/cancel-job.js';
import { completeJob } from '../app/complete-job.js';
import { createJob } from '../app/create-job.js';
import { endJob } from '../app/end-job.js';
import { JobStore } from '../app/job-store.js';
import { listCheckpoints, listEvents, listJobs } from '../app/list-jobs.js';
import { RunningJobs } from '../app/running-jobs.js';

/** Everything about jobs but running them. */
@Controller()
export class JobsEdge {
  constructor(
    @Inject(Mesh) private readonly mesh: Mesh,
    @Inject(JobStore) private readonly store: JobStore,
    @Inject(RunningJobs) private readonly running: RunningJobs,
  ) {}

  @Rpc(jobCreate)
  async create(input: InputOf<typeof jobCreate>): Promise<ReplyOf<typeof jobCreate>> {
    return createJob(this.mesh, this.store, input);
  }

  @Rpc(jobGet)
  async get({ id }: InputOf<typeof jobGet>): Promise<ReplyOf<typeof jobGet>> {
    return (await this.store.jobs.find(id)).value;
  }

  @Rpc(jobList)
  async list(input: InputOf<typeof jobList>): Promise<ReplyOf<typeof jobList>> {
    return listJobs(this.store, input);
  }

  @Rpc(jobCancel)
  async cancel({ id }: InputOf<typeof jobCancel>): Promise<ReplyOf<typeof jobCancel>> {
    return cancelJob(this.mesh, this.store, this.running, id);
  }

  @Rpc(eventList)
  async events(input: InputOf<typeof eventList>): Promise<ReplyOf<typeof eventList>> {
    return listEvents(this.store, input);
  }

  @Rpc(checkpointList)
  async checkpoints(input: InputOf<typeof checkpointList>): Promise<ReplyOf<typeof checkpointList>> {
    return listCheckpoints(this.store, input);
  }

  @Event(shardsPublished)
  async shards(input: InputOf<typeof shardsPublished>): Promise<void> {
    await acceptShards(this.mesh, this.store, input);
  }

  @Event(datasetRefused)
  async datasetRefused({ requestId, error }: InputOf<typeof datasetRefused>): Promise<void> {
    if (await this.store.jobs.get(requestId)) await endJob(this.mesh, this.store, requestId, 'failed', error);
  }

  @Event(shardsRefused)
  async shardsRefused({ requestId, error }: InputOf<typeof shardsRefused>): Promise<void> {
    if (await this.store.jobs.get(requestId)) await endJob(this.mesh, this.store, requestId, 'failed', error);
  }

  @Event(adapterRegistered)
  async registered(input: InputOf<typeof adapterRegistered>): Promise<void> {
    await completeJob(this.store, input);
  }

  @Event(adapterRefused)
  async refused({ job, error }: InputOf<typeof adapterRefused>): Promise<void> {
    if (await this.store.jobs.get(job)) await endJob(this.mesh, this.store, job, 'failed', error);
  }
}
