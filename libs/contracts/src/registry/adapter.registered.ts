import { z } from 'zod';
import { digest, exampleDigest, id, modelName, name } from '../fields.js';
import { event } from '../form.js';

export const adapterRegistered = event({
  name: 'adapter.registered',
  owner: 'registry',
  readers: ['evaluator', 'trainer'],
  summary: 'A candidate exists and can be asked for by name; it is not served under an alias yet.',
  input: z.looseObject({
    model: modelName,
    base: modelName,
    alias: name.optional(),
    incumbent: modelName,
    job: id,
    dataset: digest,
    manifest: digest,
  }),
  example: {
    model: 'ft:hone-tiny:hone:x:1',
    base: 'hone-tiny',
    alias: 'x',
    incumbent: 'hone-tiny',
    job: 'ftjob-01',
    dataset: exampleDigest,
    manifest: exampleDigest,
  },
  counterExample: { model: 'ft:hone-tiny:hone:x:1' },
});
