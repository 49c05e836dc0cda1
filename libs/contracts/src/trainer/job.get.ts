import { z } from 'zod';
import { id } from '../fields.js';
import { rpc } from '../form.js';
import { jobEntry } from './job.js';

export const jobGet = rpc({
  name: 'job.get',
  owner: 'trainer',
  callers: ['gateway', 'data-curation', 'registry'],
  summary: 'One job; refused with `not_found` when unknown.',
  input: z.looseObject({ id }),
  reply: jobEntry,
  example: { id: 'ftjob-01' },
  counterExample: { id: '' },
});
