import { z } from 'zod';
import { digest, exampleDigest, id } from '../fields.js';
import { command } from '../form.js';

export const runStart = command({
  name: 'run.start',
  owner: 'trainer',
  senders: ['trainer'],
  summary: 'Runs a queued job to its end, from its last checkpoint when there is one. One at a time for each worker.',
  input: z.looseObject({ job: id, shards: digest }),
  delivery: { ackWaitMs: 15_000, deliveriesMax: 20, backoffMs: [500, 2000, 5000] },
  example: { job: 'ftjob-01', shards: exampleDigest },
  counterExample: { job: 'ftjob-01' },
});
