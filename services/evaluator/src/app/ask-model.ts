import { setTimeout as pause } from 'node:timers/promises';
import { HoneError, newId } from '@hone/base';
import { answerScore, chatComplete } from '@hone/contracts';
import { type ItemResult, itemResult, type ScoredAnswer } from '@hone/evals';
import { attributes, traced, untraced } from '@hone/telemetry';
import { chunked, type EvaluationItem } from '../domain/evaluation-item.js';
import type { EvaluatorState } from './evaluator-state.js';

/** Tokens beyond the reference that an answer may have: a longer one differs anyway. */
const answerTokensSlack = 8;
const answerTokensMax = 1024;
const patienceMax = 60;

/** Scores the reference answers under a model and lets it answer greedily, row by row. */
export async function askModel(
  state: EvaluatorState,
  model: string,
  items: readonly EvaluationItem[],
  signal: AbortSignal,
): Promise<ItemResult[]> {
  const scores: ScoredAnswer[] = [];
  for (const chunk of chunked(items)) {
    const reply = await patiently(signal, () => state.mesh.request(answerScore, { model, items: chunk }, { signal }));
    scores.push(...reply.scores);
  }
  const answers = await traced(
    'answer held-out rows',
    { [attributes.requestModel]: model, 'hone.rows': items.length },
    () =>
      untraced(() =>
        inOrder(items, state.settings.answersInFlightMax, (item, index) =>
          patiently(signal, () => answer(state, model, item, scores[index]?.tokens ?? 0, signal)),
        ),
      ),
  );
  return items.map((item, index) => itemResult(item, scores[index] as ScoredAnswer, answers[index] as string));
}

async function answer(
  { mesh }: EvaluatorState,
  model: string,
  { messages }: EvaluationItem,
  referenceTokens: number,
  signal: AbortSignal,
): Promise<string> {
  const tokensMax = Math.min(answerTokensMax, referenceTokens + answerTokensSlack);
  const input = {
    requestId: newId('evalchat'),
    model,
    messages,
    sampling: { temperature: 0, tokensMax },
    store: false,
  };
  let text = '';
  for await (const frame of mesh.requestStream(chatComplete, input, { signal })) {
    if (frame.type === 'delta') text += frame.text;
  }
  return text;
}

/** Works through the items with so many under way at a time; the results are in the order of the items. */
async function inOrder<T, R>(
  items: readonly T[],
  inFlightMax: number,
  work: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results = new Array<R>(items.length);
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < items.length; index = next++)
      results[index] = await work(items[index] as T, index);
  };
  await Promise.all(Array.from({ length: Math.min(inFlightMax, items.length) }, worker));
  return results;
}

/** People's requests come first: when serving is full, an evaluation waits for its turn. */
async function patiently<T>(signal: AbortSignal, ask: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await ask();
    } catch (thrown) {
      const isFull = thrown instanceof HoneError && thrown.status === 429;
      if (!isFull || tries === patienceMax) throw thrown;
      await pause((thrown.retryAfterSeconds ?? 1) * 1000, undefined, { signal });
    }
  }
}
