import { z } from 'zod';
import { errorBody, id } from '../fields.js';
import { event } from '../form.js';

export const shardsRefused = event({
  name: 'shards.refused',
  owner: 'tokenizer',
  readers: ['trainer'],
  summary: 'A dataset version cannot be tokenized, e.g. because no row has a trainable token.',
  input: z.looseObject({ requestId: id, error: errorBody }),
  example: {
    requestId: 'ftjob-01',
    error: { kind: 'refusal', code: 'all_masked', message: 'no trainable token', status: 400 },
  },
  counterExample: { requestId: 'ftjob-01', error: 'all masked' },
});
