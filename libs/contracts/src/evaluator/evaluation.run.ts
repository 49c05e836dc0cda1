import { z } from 'zod';
import { id } from '../fields.js';
import { command } from '../form.js';

export const evaluationRun = command({
  name: 'evaluation.run',
  owner: 'evaluator',
  senders: ['evaluator'],
  summary: 'Measures the models of a queued evaluation and reaches a verdict.',
  input: z.looseObject({ evaluation: id }),
  delivery: { ackWaitMs: 30_000, deliveriesMax: 10 },
  example: { evaluation: 'eval-01' },
  counterExample: {},
});
