import type { ArtifactStore } from '@hone/artifacts';
import { type Clock, systemClock } from '@hone/base';
import { assign } from '@hone/experiments';
import type { EnginePort } from '@hone/engine';
import type { Mesh } from '@hone/mesh';
import type { Log } from '@hone/service-kit';
import { resolveModel, type Resolution } from '../domain/resolve-model.js';
import { emptySnapshot, type Snapshot } from '../domain/snapshot.js';
import type { ServingSettings } from '../settings.js';
import type { Instruments } from './instruments.js';
import type { WeightFolders } from './weight-folders.js';

export interface ServingParts {
  mesh: Mesh;
  store: ArtifactStore;
  engine: EnginePort;
  folders: WeightFolders;
  instruments: Instruments;
  settings: ServingSettings;
  log: Log;
}

/** What serving's acts work with. The snapshot is replaced whole, so a request keeps the one that it began with. */
export class ServingState {
  snapshot: Snapshot = emptySnapshot;
  /** Choices that are being answered or wait for it. */
  openChoices = 0;

  constructor(
    readonly parts: ServingParts,
    readonly clock: Clock = systemClock,
  ) {}

  resolve(model: string, user: string): Resolution {
    return resolveModel(this.snapshot, model, user, assign);
  }
}
