import { z } from 'zod';
import { id } from '../fields.js';
import { rpc } from '../form.js';
import { jobEntry } from './job.js';

export const jobCancel = rpc({
  name: 'job.cancel',
  owner: 'trainer',
  callers: ['gateway'],
  summary: 'Stops a job before its next step; no adapter is published.',
  input: z.looseObject({ id }),
  reply: jobEntry,
  example: { id: 'ftjob-01' },
  counterExample: {},
});
