import { z } from 'zod';
import { count, digest, exampleDigest, id } from '../fields.js';
import { event } from '../form.js';

export const datasetPublished = event({
  name: 'dataset.published',
  owner: 'data-curation',
  readers: ['tokenizer'],
  summary: 'A dataset version exists: its manifest and every chunk are in the object store.',
  input: z.looseObject({
    requestId: id,
    dataset: digest,
    base: z.string(),
    parent: digest.optional(),
    rows: z.looseObject({ train: count, validation: count, refused: count, feedback: count }),
  }),
  example: {
    requestId: 'ftjob-01',
    dataset: exampleDigest,
    base: 'hone-tiny',
    rows: { train: 600, validation: 60, refused: 0, feedback: 0 },
  },
  counterExample: { requestId: 'ftjob-01', base: 'hone-tiny' },
});
