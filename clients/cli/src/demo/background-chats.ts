import { setTimeout as pause } from 'node:timers/promises';
import { chat } from './people.js';
import type { Question } from './rows.js';
import type { Stage } from './stage.js';

export interface Background {
  asked: number;
  /** Requests that got no complete answer. */
  dropped: number;
  /** Models in the order in which they first answered. */
  models: string[];
}

const everyMs = 400;

/** Keeps asking while a model is retrained and promoted, to see whether anybody notices; returns what happened when stopped. */
export function keepAsking(stage: Stage, questions: readonly Question[]): () => Promise<Background> {
  const seen: Background = { asked: 0, dropped: 0, models: [] };
  const stop = new AbortController();
  const running = (async () => {
    while (!stop.signal.aborted) {
      const question = questions[seen.asked % questions.length] as Question;
      seen.asked++;
      try {
        const { model } = await chat(stage, question, 'somebody', stage.looking.client);
        if (!seen.models.includes(model)) seen.models.push(model);
      } catch {
        seen.dropped++;
      }
      await pause(everyMs, undefined, { signal: stop.signal }).catch(() => undefined);
    }
  })();
  return async () => {
    stop.abort();
    await running;
    return seen;
  };
}
