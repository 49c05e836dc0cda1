import { asHoneError, unixSeconds } from '@hone/base';
import { type ChatMessage, turnCompleted } from '@hone/contracts';
import type { CompletedAnswer } from './complete.js';
import type { ServingState } from './serving-state.js';

/** Keeps the words of a turn in the object store and tells that it was answered, so that feedback can name it. */
export async function recordTurn(
  state: ServingState,
  id: string,
  messages: readonly ChatMessage[],
  { resolution, text, promptTokens, completionTokens, durationMs }: CompletedAnswer,
): Promise<void> {
  const { model, base, alias, experiment, arm } = resolution;
  const { store, mesh, log } = state.parts;
  try {
    const content = await store.putManifest({ messages, answer: text });
    const served = {
      ...(alias === undefined ? {} : { alias }),
      ...(experiment === undefined ? {} : { experiment }),
      ...(arm === undefined ? {} : { arm }),
    };
    const turn = { id, content, model: model.name, base: base.name, ...served, createdAt: unixSeconds(state.clock) };
    await mesh.emit(turnCompleted, { turn, promptTokens, completionTokens, durationMs }, { id });
  } catch (thrown) {
    // The answer has been given already: a turn that cannot be kept costs its feedback, not the answer.
    log.error({ turn: id, code: asHoneError(thrown).code }, 'a turn could not be kept');
  }
}
