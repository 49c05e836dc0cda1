import { z } from 'zod';
import { feedbackGive } from '../curation/feedback.give.js';
import { id } from '../fields.js';
import { route } from './route.js';

export const feedbackObject = z
  .object({
    id: z.string(),
    object: z.literal('feedback'),
    turn: z.string(),
    rating: z.enum(['up', 'down']),
    has_correction: z.boolean(),
    created_at: z.int(),
  })
  .meta({ id: 'Feedback' });

export const createFeedback = route({
  operationId: 'createFeedback',
  method: 'POST',
  path: '/v1/feedback',
  summary: 'A vote, and perhaps the answer that should have been given, on a chat completion named by its id.',
  body: z.strictObject({
    turn: id,
    rating: z.enum(['up', 'down']),
    correction: z.string().min(1).max(16_384).nullish(),
    comment: z.string().max(4096).nullish(),
    user: z.string().max(128).nullish(),
  }),
  reply: feedbackObject,
  errors: ['invalid_request', 'not_found'],
  calls: [feedbackGive],
});
