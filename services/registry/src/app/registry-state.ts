import { type Clock, systemClock } from '@hone/base';
import { aliasEntry, experimentEntry, ledgers, modelEntry } from '@hone/contracts';
import type { ArtifactStore } from '@hone/artifacts';
import type { Mesh } from '@hone/mesh';

/** What the registry's acts work with: the three kinds of names that it owns, the objects and the bus. */
export class RegistryState {
  readonly models;
  readonly aliases;
  readonly experiments;

  constructor(
    readonly mesh: Mesh,
    readonly store: ArtifactStore,
    readonly clock: Clock = systemClock,
  ) {
    this.models = mesh.ledger(ledgers.models, 'model', modelEntry);
    this.aliases = mesh.ledger(ledgers.models, 'alias', aliasEntry);
    this.experiments = mesh.ledger(ledgers.models, 'experiment', experimentEntry);
  }
}
