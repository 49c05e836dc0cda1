import { chatComplete, type GenerationFrame, type InputOf } from '@hone/contracts';
import { complete } from './complete.js';
import { recordTurn } from './record-turn.js';
import type { ServingState } from './serving-state.js';

/** Answers a chat, and tells the turn when it is to be kept for feedback. */
export function completeChat(
  state: ServingState,
  input: InputOf<typeof chatComplete>,
  signal: AbortSignal,
): AsyncGenerator<GenerationFrame, void, void> {
  const { requestId, model, n, sampling, user, messages, store } = input;
  const wanted = { operation: 'chat' as const, requestId, model, user, n, sampling };
  return complete(
    state,
    {
      ...wanted,
      input: { kind: 'chat', messages },
      ...(store ? { completed: (answer) => recordTurn(state, requestId, messages, answer) } : {}),
    },
    signal,
  );
}
