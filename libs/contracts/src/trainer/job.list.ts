import { z } from 'zod';
import { id } from '../fields.js';
import { rpc } from '../form.js';
import { jobEntry } from './job.js';

export const jobList = rpc({
  name: 'job.list',
  owner: 'trainer',
  callers: ['gateway'],
  summary: 'A page of jobs, newest first.',
  input: z.looseObject({
    after: id.optional(),
    limit: z.int().min(1).max(100).default(20),
    metadata: z.record(z.string(), z.string()).optional(),
  }),
  reply: z.looseObject({ data: z.array(jobEntry), hasMore: z.boolean() }),
  example: {},
  counterExample: { limit: 0 },
});
