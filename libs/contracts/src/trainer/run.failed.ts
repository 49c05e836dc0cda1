import { z } from 'zod';
import { errorBody, id, name } from '../fields.js';
import { event } from '../form.js';

export const runFailed = event({
  name: 'run.failed',
  owner: 'trainer',
  readers: ['data-curation'],
  summary: 'A job failed or was cancelled: whoever waited for it may ask again.',
  input: z.looseObject({
    job: id,
    status: z.enum(['failed', 'cancelled']),
    alias: name.optional(),
    error: errorBody.optional(),
  }),
  example: { job: 'ftjob-01', status: 'cancelled' },
  counterExample: { job: 'ftjob-01', status: 'running' },
});
