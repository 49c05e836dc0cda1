import type { TurnEntry } from '@hone/contracts';
import type { CurationState } from './curation-state.js';

/** Remembers what was answered, so that a vote can name it. */
export async function recordTurn(state: CurationState, turn: TurnEntry): Promise<void> {
  await state.turns.ensure(turn.id, turn);
}
