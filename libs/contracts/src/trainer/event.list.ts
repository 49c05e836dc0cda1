import { z } from 'zod';
import { id } from '../fields.js';
import { rpc } from '../form.js';
import { jobEvent } from './job.js';

export const eventList = rpc({
  name: 'event.list',
  owner: 'trainer',
  callers: ['gateway'],
  summary: "A page of a job's events, newest first, as the OpenAI API lists them.",
  input: z.looseObject({ job: id, after: id.optional(), limit: z.int().min(1).max(100).default(20) }),
  reply: z.looseObject({ data: z.array(jobEvent), hasMore: z.boolean() }),
  example: { job: 'ftjob-01' },
  counterExample: { limit: 10 },
});
