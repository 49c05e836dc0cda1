import { z } from 'zod';
import { id } from '../fields.js';
import { rpc } from '../form.js';
import { evaluationEntry } from './evaluation.js';

export const evaluationGet = rpc({
  name: 'evaluation.get',
  owner: 'evaluator',
  callers: ['gateway', 'registry'],
  summary: 'One evaluation; refused with `not_found` when unknown.',
  input: z.looseObject({ id }),
  reply: evaluationEntry,
  example: { id: 'eval-01' },
  counterExample: {},
});
