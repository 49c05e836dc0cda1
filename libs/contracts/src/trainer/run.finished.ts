import { z } from 'zod';
import { count, digest, exampleDigest, id, modelName, name } from '../fields.js';
import { event } from '../form.js';

export const runFinished = event({
  name: 'run.finished',
  owner: 'trainer',
  readers: ['registry'],
  summary: 'A job succeeded and its adapter (or full model) is in the object store.',
  input: z.looseObject({
    job: id,
    model: modelName,
    base: modelName,
    manifest: digest,
    alias: name.optional(),
    dataset: digest,
    shards: digest,
    incumbent: modelName.optional(),
    steps: count,
    trainedTokens: count,
    tokensPerSecond: z.number(),
    metrics: z.record(z.string(), z.number()),
  }),
  example: {
    job: 'ftjob-01',
    model: 'ft:hone-tiny:hone:support-desk:01',
    base: 'hone-tiny',
    manifest: exampleDigest,
    alias: 'support-desk',
    dataset: exampleDigest,
    shards: exampleDigest,
    steps: 100,
    trainedTokens: 30000,
    tokensPerSecond: 900,
    metrics: { train_loss: 0.4 },
  },
  counterExample: { job: 'ftjob-01', model: 'ft:hone-tiny' },
});
