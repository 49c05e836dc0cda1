import { z } from 'zod';
import { id } from '../fields.js';
import { rpc } from '../form.js';
import { jobCheckpoint } from './job.js';

export const checkpointList = rpc({
  name: 'checkpoint.list',
  owner: 'trainer',
  callers: ['gateway'],
  summary: "A page of a job's checkpoints, newest first.",
  input: z.looseObject({ job: id, after: id.optional(), limit: z.int().min(1).max(100).default(10) }),
  reply: z.looseObject({ data: z.array(jobCheckpoint), hasMore: z.boolean() }),
  example: { job: 'ftjob-01' },
  counterExample: { job: 'ftjob-01', limit: 'ten' },
});
