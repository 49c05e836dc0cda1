import { z } from 'zod';
import { count, exampleDigest } from '../fields.js';
import { event } from '../form.js';
import { turnEntry } from '../curation/feedback.js';

export const turnCompleted = event({
  name: 'turn.completed',
  owner: 'serving',
  readers: ['data-curation'],
  summary: 'A chat was answered. The words are in the object store: `{messages, answer}`.',
  input: z.looseObject({ turn: turnEntry, promptTokens: count, completionTokens: count, durationMs: z.number() }),
  example: {
    turn: { id: 'chatcmpl-01', content: exampleDigest, model: 'hone-tiny', base: 'hone-tiny', createdAt: 1 },
    promptTokens: 10,
    completionTokens: 5,
    durationMs: 12,
  },
  counterExample: { turn: { id: 'chatcmpl-01' } },
});
