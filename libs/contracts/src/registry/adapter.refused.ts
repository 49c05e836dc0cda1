import { z } from 'zod';
import { errorBody, id, modelName } from '../fields.js';
import { event } from '../form.js';

export const adapterRefused = event({
  name: 'adapter.refused',
  owner: 'registry',
  readers: ['trainer'],
  summary: 'The result of a run gets no name, e.g. because it belongs to another base: its job has failed.',
  input: z.looseObject({ job: id, model: modelName, error: errorBody }),
  example: {
    job: 'ftjob-01',
    model: 'ft:hone-tiny:hone:x:1',
    error: { kind: 'refusal', code: 'wrong_base', message: 'an adapter for another base', status: 409 },
  },
  counterExample: { job: 'ftjob-01', error: 'wrong base' },
});
