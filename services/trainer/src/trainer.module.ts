import { join, resolve } from 'node:path';
import { Mesh } from '@hone/mesh';
import { type PlatformSettings, SETTINGS } from '@hone/service-kit';
import { Module } from '@nestjs/common';
import { JobStore } from './app/job-store.js';
import { PlanTurns } from './app/plan-turns.js';
import { RunningJobs } from './app/running-jobs.js';
import { DeviceLosses } from './domain/device-losses.js';
import { ExportsEdge } from './edge/exports.edge.js';
import { JobsEdge } from './edge/jobs.edge.js';
import { PlansEdge } from './edge/plans.edge.js';
import { RunsEdge } from './edge/runs.edge.js';

@Module({
  controllers: [JobsEdge, RunsEdge, ExportsEdge, PlansEdge],
  providers: [
    RunningJobs,
    DeviceLosses,
    PlanTurns,
    { provide: JobStore, inject: [Mesh], useFactory: (mesh: Mesh) => new JobStore(mesh) },
    {
      provide: 'scratch',
      inject: [SETTINGS],
      useFactory: ({ home }: PlatformSettings) => join(resolve(home), 'trainer'),
    },
  ],
})
export class TrainerModule {}
