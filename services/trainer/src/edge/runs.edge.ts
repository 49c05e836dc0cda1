import { ArtifactStore } from '@hone/artifacts';
import { runStart, type InputOf } from '@hone/contracts';
import { Command, Mesh, type MeshContext } from '@hone/mesh';
import { Controller, Inject } from '@nestjs/common';
import { JobStore } from '../app/job-store.js';
import { RunningJobs } from '../app/running-jobs.js';
import { startRun } from '../app/start-run.js';
import { DeviceLosses } from '../domain/device-losses.js';

/** Runs jobs, one at a time: the engine takes every core that the process has. */
@Controller()
export class RunsEdge {
  constructor(
    @Inject(Mesh) private readonly mesh: Mesh,
    @Inject(ArtifactStore) private readonly artifacts: ArtifactStore,
    @Inject(JobStore) private readonly store: JobStore,
    @Inject(RunningJobs) private readonly running: RunningJobs,
    @Inject('scratch') private readonly scratch: string,
    @Inject(DeviceLosses) private readonly losses: DeviceLosses,
  ) {}

  @Command(runStart, { concurrency: 1 })
  async start(input: InputOf<typeof runStart>, context: MeshContext): Promise<void> {
    const { mesh, artifacts, store, running, scratch, losses } = this;
    await startRun({ mesh, artifacts, store, running, scratch, losses }, input, context);
  }
}
