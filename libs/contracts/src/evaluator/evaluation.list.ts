import { z } from 'zod';
import { modelName } from '../fields.js';
import { rpc } from '../form.js';
import { evaluationEntry } from './evaluation.js';

export const evaluationList = rpc({
  name: 'evaluation.list',
  owner: 'evaluator',
  callers: ['gateway'],
  summary: 'Evaluations, newest first, perhaps of one candidate.',
  input: z.looseObject({ candidate: modelName.optional(), limit: z.int().min(1).max(100).default(20) }),
  reply: z.looseObject({ data: z.array(evaluationEntry) }),
  example: {},
  counterExample: { limit: -1 },
});
