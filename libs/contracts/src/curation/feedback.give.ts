import { z } from 'zod';
import { id } from '../fields.js';
import { rpc } from '../form.js';
import { feedbackEntry } from './feedback.js';

export const feedbackGive = rpc({
  name: 'feedback.give',
  owner: 'data-curation',
  callers: ['gateway'],
  summary:
    'Records a vote, and perhaps a correction, on a completed turn; refused with `not_found` when the turn is unknown.',
  input: z.looseObject({
    id,
    turn: id,
    rating: z.enum(['up', 'down']),
    correction: z.string().min(1).max(16_384).optional(),
    comment: z.string().max(4096).optional(),
    user: z.string().max(128).optional(),
  }),
  reply: feedbackEntry,
  example: { id: 'fb-01', turn: 'chatcmpl-01', rating: 'down', correction: 'Returns are free for 30 days.' },
  counterExample: { id: 'fb-01', turn: 'chatcmpl-01', rating: 'sideways' },
});
