import { z } from 'zod';
import { exampleDigest } from '../fields.js';
import { event } from '../form.js';
import { feedbackEntry, turnEntry } from './feedback.js';

export const feedbackGiven = event({
  name: 'feedback.given',
  owner: 'data-curation',
  readers: ['reward', 'registry'],
  summary: 'A person judged a turn; the vote is joined to what was answered and by which arm.',
  input: z.looseObject({ feedback: feedbackEntry, turn: turnEntry }),
  example: {
    feedback: { id: 'fb-01', turn: 'chatcmpl-01', rating: 'down', createdAt: 1 },
    turn: { id: 'chatcmpl-01', content: exampleDigest, model: 'hone-tiny', base: 'hone-tiny', createdAt: 1 },
  },
  counterExample: { feedback: { id: 'fb-01' } },
});
