import { z } from 'zod';
import { digest, id, modelName } from '../fields.js';
import { rpc } from '../form.js';
import { evaluationEntry } from './evaluation.js';

export const evaluationCreate = rpc({
  name: 'evaluation.create',
  owner: 'evaluator',
  callers: ['gateway'],
  summary:
    'Queues the evaluation of a model, perhaps against an incumbent, on a file or on the validation split of a dataset.',
  input: z.looseObject({
    id,
    candidate: modelName,
    incumbent: modelName.optional(),
    file: id.optional(),
    dataset: digest.optional(),
  }),
  reply: evaluationEntry,
  example: { id: 'eval-01', candidate: 'hone-tiny', file: 'file-01' },
  counterExample: { id: 'eval-01' },
});
