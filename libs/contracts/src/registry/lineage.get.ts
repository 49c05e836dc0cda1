import { z } from 'zod';
import { digest, id, modelName } from '../fields.js';
import { rpc } from '../form.js';

/** One step from a served model back to the rows and votes that made it. */
const lineageNode = z.looseObject({
  kind: z.enum(['alias', 'model', 'evaluation', 'job', 'shards', 'dataset', 'file', 'feedback', 'base']),
  id: z.string(),
  /** The nodes that this one was made from, by id. */
  from: z.array(z.string()).default([]),
  facts: z.record(z.string(), z.unknown()).default({}),
});

export const lineageGet = rpc({
  name: 'lineage.get',
  owner: 'registry',
  callers: ['gateway'],
  summary: 'The whole ancestry of a model: jobs, dataset versions, files, votes and verdicts.',
  input: z.looseObject({ model: modelName }),
  reply: z.looseObject({
    model: modelName,
    nodes: z.array(lineageNode),
    votes: z.array(id).default([]),
    datasets: z.array(digest).default([]),
  }),
  example: { model: 'support-desk' },
  counterExample: {},
});
