import { setTimeout as pause } from 'node:timers/promises';
import { ask, type Connection } from './connection.js';

/** What became of an adapter that competes for an alias. */
export interface Decision {
  state: string;
  reason: string;
}

interface ModelObject {
  hone: { state: string | null };
}
interface EvaluationList {
  data: { verdict: string | null; reason: string | null }[];
}

/** Waits until the registry has judged an adapter: `promoted` or `rejected`, with the evaluator's words. */
export async function awaitDecision(to: Connection, model: string, { everyMs = 500 } = {}): Promise<Decision> {
  const name = encodeURIComponent(model);
  for (;;) {
    const { hone } = await ask<ModelObject>(to, 'GET', `/v1/models/${name}`);
    if (hone.state !== 'candidate' && hone.state !== 'evaluated' && hone.state !== null) {
      const { data } = await ask<EvaluationList>(to, 'GET', `/v1/evaluations?model=${name}&limit=1`);
      return { state: hone.state, reason: data[0]?.reason ?? '' };
    }
    await pause(everyMs);
  }
}
