import { z } from 'zod';
import { count, digest, exampleDigest, id } from '../fields.js';
import { event } from '../form.js';

export const shardsPublished = event({
  name: 'shards.published',
  owner: 'tokenizer',
  readers: ['trainer'],
  summary: 'A dataset version is tokenized for a base model.',
  input: z.looseObject({
    requestId: id,
    dataset: digest,
    shards: digest,
    base: z.string(),
    tokens: z.looseObject({ train: count, validation: count, trainable: count }),
  }),
  example: {
    requestId: 'ftjob-01',
    dataset: exampleDigest,
    shards: exampleDigest,
    base: 'hone-tiny',
    tokens: { train: 30000, validation: 3000, trainable: 15000 },
  },
  counterExample: { requestId: 'ftjob-01', dataset: exampleDigest },
});
