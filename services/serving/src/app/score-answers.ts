import type { answerScore, InputOf, ReplyOf } from '@hone/contracts';
import { attributes, traced } from '@hone/telemetry';
import { describeResolution } from './answer-span.js';
import type { ServingState } from './serving-state.js';

/** How likely given answers are under a model, through the same kernels that would generate them. */
export async function scoreAnswers(
  state: ServingState,
  { model, items }: InputOf<typeof answerScore>,
  signal: AbortSignal,
): Promise<ReplyOf<typeof answerScore>> {
  const facts = { [attributes.requestModel]: model, 'hone.score.items': items.length };
  return traced(`score ${model}`, facts, async (span) => {
    const resolution = state.resolve(model, '');
    describeResolution(span, resolution);
    const weights = await state.parts.folders.weights(resolution);
    return { scores: await state.parts.engine.score(weights, items, signal) };
  });
}
