import { z } from 'zod';
import { digest, id, modelName, name } from '../fields.js';
import { rpc } from '../form.js';
import { hyperparameters, jobEntry } from './job.js';

export const jobCreate = rpc({
  name: 'job.create',
  owner: 'trainer',
  callers: ['gateway', 'data-curation'],
  summary: 'Checks and queues a fine-tuning job. The caller chooses the id, so asking twice creates one job.',
  input: z.looseObject({
    id,
    model: modelName,
    trainingFile: id.optional(),
    validationFile: id.optional(),
    method: z.enum(['supervised']).default('supervised'),
    hyperparameters: hyperparameters.default({}),
    suffix: name.optional(),
    seed: z.int().optional(),
    metadata: z.record(z.string(), z.string()).default({}),
    retrain: z
      .looseObject({ parentDataset: digest, feedbackRows: digest, incumbent: modelName, reason: z.string() })
      .optional(),
  }),
  reply: jobEntry,
  example: { id: 'ftjob-01', model: 'hone-tiny', trainingFile: 'file-01', hyperparameters: { n_epochs: 3 } },
  counterExample: { id: 'ftjob-01', model: 'hone-tiny', hyperparameters: { n_epochs: -1 } },
});
