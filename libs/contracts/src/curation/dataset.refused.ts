import { z } from 'zod';
import { errorBody, id } from '../fields.js';
import { event } from '../form.js';
import { refusedRow } from './dataset.js';

export const datasetRefused = event({
  name: 'dataset.refused',
  owner: 'data-curation',
  readers: ['trainer'],
  summary: 'A dataset could not be built; the error names the lines.',
  input: z.looseObject({ requestId: id, error: errorBody, refused: z.array(refusedRow).max(100).default([]) }),
  example: {
    requestId: 'ftjob-01',
    error: { kind: 'refusal', code: 'invalid_file', message: 'line 3: not JSON', status: 400 },
    refused: [{ line: 3, reason: 'not JSON' }],
  },
  counterExample: { requestId: 'ftjob-01' },
});
