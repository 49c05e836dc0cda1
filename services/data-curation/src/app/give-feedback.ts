import { setTimeout as pause } from 'node:timers/promises';
import { refusal, unixSeconds } from '@hone/base';
import { feedbackGiven, type FeedbackEntry, type feedbackGive, type InputOf, type TurnEntry } from '@hone/contracts';
import type { CurationState } from './curation-state.js';

/** The answer reaches the client before its event reaches the ledger: a vote that comes at once waits for it this long. */
const turnWaitMs = 3000;
const turnLookMs = 50;

/** Records a vote on a completed turn and tells it together with the turn. */
export async function giveFeedback(
  state: CurationState,
  input: InputOf<typeof feedbackGive>,
  signal?: AbortSignal,
): Promise<FeedbackEntry> {
  const turn = await completedTurn(state, input.turn, signal);
  const { id, rating, correction, comment, user } = input;
  const entry: FeedbackEntry = {
    id,
    turn: turn.id,
    rating,
    ...(correction === undefined ? {} : { correction: await state.store.putManifest({ text: correction }) }),
    ...(comment === undefined ? {} : { comment: await state.store.putManifest({ text: comment }) }),
    ...(user === undefined ? {} : { user }),
    createdAt: unixSeconds(state.clock),
  };
  const stored = (await state.feedback.ensure(id, entry)).entry.value;
  await state.mesh.emit(feedbackGiven, { feedback: stored, turn }, { id });
  return stored;
}

async function completedTurn(state: CurationState, id: string, signal: AbortSignal | undefined): Promise<TurnEntry> {
  const untilMs = state.clock.monotonic() + turnWaitMs;
  for (;;) {
    const turn = await state.turns.get(id);
    if (turn) return turn.value;
    if (signal?.aborted || state.clock.monotonic() >= untilMs) break;
    await pause(turnLookMs);
  }
  const message = `[feedback] expected the id of a completed chat for the turn but received "${id}"`;
  throw refusal('turn_not_found', `${message}; fix: use the id of a chat completion that was made with store on`, {
    status: 404,
    param: 'turn',
  });
}
