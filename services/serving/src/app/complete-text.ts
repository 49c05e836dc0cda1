import type { GenerationFrame, InputOf, textComplete } from '@hone/contracts';
import { complete } from './complete.js';
import type { ServingState } from './serving-state.js';

/** Continues a text. It is no turn of a conversation, so nothing is kept for feedback. */
export function completeText(
  state: ServingState,
  { requestId, model, n, sampling, user, prompt, echo }: InputOf<typeof textComplete>,
  signal: AbortSignal,
): AsyncGenerator<GenerationFrame, void, void> {
  const wanted = { operation: 'text_completion' as const, requestId, model, user, n, sampling };
  return complete(state, { ...wanted, input: { kind: 'text', prompt, echo } }, signal);
}
