import type { ArtifactStore } from '@hone/artifacts';
import { type Clock, systemClock } from '@hone/base';
import { evaluationEntry, ledgers } from '@hone/contracts';
import type { Mesh } from '@hone/mesh';
import type { EvaluatorSettings } from '../settings.js';

/** What the acts of the evaluator work with: its evaluations, the objects, the bus and its settings. */
export class EvaluatorState {
  readonly evaluations;

  constructor(
    readonly mesh: Mesh,
    readonly store: ArtifactStore,
    readonly settings: EvaluatorSettings,
    readonly clock: Clock = systemClock,
  ) {
    this.evaluations = mesh.ledger(ledgers.evaluations, 'evaluation', evaluationEntry);
  }
}
