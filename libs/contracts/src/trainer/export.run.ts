import { z } from 'zod';
import { id } from '../fields.js';
import { command } from '../form.js';

export const exportRun = command({
  name: 'export.run',
  owner: 'trainer',
  senders: ['trainer'],
  summary: 'Writes a queued export, reads it back and certifies it. One at a time for each worker.',
  input: z.looseObject({ export: id }),
  delivery: { ackWaitMs: 15_000, deliveriesMax: 5, backoffMs: [500, 2000, 5000] },
  example: { export: 'export-01' },
  counterExample: { export: 7 },
});
