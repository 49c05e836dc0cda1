import { z } from 'zod';
import { chatMessage, count, modelName } from '../fields.js';
import { rpc } from '../form.js';

export const answerScore = rpc({
  name: 'answer.score',
  owner: 'serving',
  callers: ['evaluator', 'reward'],
  summary: 'Log-probabilities (nats, summed over tokens) of given answers to given messages; the stop token counts.',
  input: z.looseObject({
    model: modelName,
    items: z
      .array(z.looseObject({ messages: z.array(chatMessage).min(1), answer: z.string() }))
      .min(1)
      .max(256),
  }),
  reply: z.looseObject({ scores: z.array(z.looseObject({ logProb: z.number(), tokens: count })) }),
  timeoutMs: 120_000,
  example: { model: 'hone-tiny', items: [{ messages: [{ role: 'user', content: 'Hi' }], answer: 'Hello.' }] },
  counterExample: { model: 'hone-tiny', items: [] },
});
