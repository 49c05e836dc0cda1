import { z } from 'zod';
import { count, digest, errorBody, estimate, id, modelName, name, unixTime } from '../fields.js';

export const measurement = z.looseObject({
  model: modelName,
  /** exp of the token-weighted mean negative log-likelihood of the reference answers, with a bootstrap interval. */
  perplexity: estimate,
  /** Share of greedy answers equal to the reference, with a Wilson interval. */
  exactMatch: estimate,
  rows: count,
  tokens: count,
});
export type Measurement = z.output<typeof measurement>;

/** An evaluation: the ledger entry `evaluation.<id>`. */
export const evaluationEntry = z.looseObject({
  id,
  status: z.enum(['queued', 'running', 'succeeded', 'failed']),
  candidate: modelName,
  incumbent: modelName.optional(),
  alias: name.optional(),
  job: id.optional(),
  dataset: digest.optional(),
  file: id.optional(),
  createdAt: unixTime,
  finishedAt: unixTime.optional(),
  results: z.array(measurement).default([]),
  verdict: z.enum(['better', 'worse', 'inconclusive']).optional(),
  reason: z.string().optional(),
  /** The per-row answers and scores in the object store. */
  evidence: digest.optional(),
  error: errorBody.optional(),
});
export type EvaluationEntry = z.output<typeof evaluationEntry>;
