import { ArtifactStore } from '@hone/artifacts';
import { exportCreate, exportGet, exportRun, type InputOf, type ReplyOf } from '@hone/contracts';
import { Command, Mesh, type MeshContext, Rpc } from '@hone/mesh';
import { Controller, Inject } from '@nestjs/common';
import { createExport } from '../app/create-export.js';
import { JobStore } from '../app/job-store.js';
import { runExport } from '../app/run-export.js';
import { RunningJobs } from '../app/running-jobs.js';

/** Trained models in other people's formats. */
@Controller()
export class ExportsEdge {
  constructor(
    @Inject(Mesh) private readonly mesh: Mesh,
    @Inject(ArtifactStore) private readonly artifacts: ArtifactStore,
    @Inject(JobStore) private readonly store: JobStore,
    @Inject(RunningJobs) private readonly running: RunningJobs,
    @Inject('scratch') private readonly scratch: string,
  ) {}

  @Rpc(exportCreate)
  async create(input: InputOf<typeof exportCreate>): Promise<ReplyOf<typeof exportCreate>> {
    return createExport(this.mesh, this.store, input);
  }

  @Rpc(exportGet)
  async get({ id }: InputOf<typeof exportGet>): Promise<ReplyOf<typeof exportGet>> {
    return (await this.store.exports.find(id)).value;
  }

  @Command(exportRun, { concurrency: 1 })
  async run(input: InputOf<typeof exportRun>, context: MeshContext): Promise<void> {
    const { mesh, artifacts, store, running, scratch } = this;
    await runExport({ mesh, artifacts, store, running, scratch }, input, context);
  }
}
