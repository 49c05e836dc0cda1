import type { ArtifactStore } from '@hone/artifacts';
import type { Mesh } from '@hone/mesh';
import type { JobStore } from './job-store.js';
import type { RunningJobs } from './running-jobs.js';

/** What a run needs around it. */
export interface RunPlace {
  mesh: Mesh;
  store: JobStore;
  artifacts: ArtifactStore;
  running: RunningJobs;
  /** A folder of this machine for bases, shards and checkpoints. */
  scratch: string;
}
