import type { ArtifactStore } from '@hone/artifacts';
import { type Clock, systemClock } from '@hone/base';
import { feedbackEntry, fileEntry, ledgers, turnEntry } from '@hone/contracts';
import type { Mesh } from '@hone/mesh';
import { retrainPolicy, type RetrainSettings } from '../domain/retrain-policy.js';

/** What the acts of curation work with: the names that it owns, the objects, the bus and its settings. */
export class CurationState {
  readonly files;
  readonly turns;
  readonly feedback;
  readonly policies;

  constructor(
    readonly mesh: Mesh,
    readonly store: ArtifactStore,
    readonly retrain: RetrainSettings,
    readonly clock: Clock = systemClock,
  ) {
    this.files = mesh.ledger(ledgers.files, 'file', fileEntry);
    this.turns = mesh.ledger(ledgers.turns, 'turn', turnEntry);
    this.feedback = mesh.ledger(ledgers.turns, 'feedback', feedbackEntry);
    this.policies = mesh.ledger(ledgers.turns, 'policy', retrainPolicy);
  }
}
