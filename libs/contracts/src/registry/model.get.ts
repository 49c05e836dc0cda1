import { z } from 'zod';
import { modelName } from '../fields.js';
import { rpc } from '../form.js';
import { modelEntry } from './model.js';

export const modelGet = rpc({
  name: 'model.get',
  owner: 'registry',
  callers: ['gateway', 'data-curation', 'tokenizer', 'trainer', 'evaluator', 'serving'],
  summary:
    'A model by its name or by an alias; refused with `model_not_found`, status 404, and a suggestion when unknown.',
  input: z.looseObject({ name: modelName }),
  reply: modelEntry,
  example: { name: 'hone-tiny' },
  counterExample: { name: '' },
});
