import type { ArtifactStore } from '@hone/artifacts';
import type { Mesh } from '@hone/mesh';

/** What the acts of reward work with. It owns no names: a pair follows from its vote and the model that answered. */
export class RewardState {
  constructor(
    readonly mesh: Mesh,
    readonly store: ArtifactStore,
  ) {}
}
