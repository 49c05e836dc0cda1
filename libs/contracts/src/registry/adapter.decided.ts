import { z } from 'zod';
import { id, modelName, name } from '../fields.js';
import { event } from '../form.js';

export const adapterDecided = event({
  name: 'adapter.decided',
  owner: 'registry',
  readers: ['data-curation'],
  summary: 'A candidate was promoted or rejected on the evidence of its evaluation.',
  input: z.looseObject({
    model: modelName,
    alias: name.optional(),
    job: id,
    state: z.enum(['promoted', 'rejected', 'evaluated']),
    evaluation: id,
    reason: z.string(),
  }),
  example: {
    model: 'ft:hone-tiny:hone:x:1',
    alias: 'x',
    job: 'ftjob-01',
    state: 'promoted',
    evaluation: 'eval-01',
    reason: 'perplexity 2.1 against 9.4',
  },
  counterExample: { model: 'ft:hone-tiny:hone:x:1', state: 'maybe' },
});
