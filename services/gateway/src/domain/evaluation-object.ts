import type { EvaluationEntry, EvaluationObject } from '@hone/contracts';
import { errorOf } from './job-object.js';

export const evaluationObjectOf = (entry: EvaluationEntry): EvaluationObject => ({
  id: entry.id,
  object: 'evaluation',
  status: entry.status,
  model: entry.candidate,
  incumbent: entry.incumbent ?? null,
  file: entry.file ?? null,
  dataset: entry.dataset ?? null,
  job: entry.job ?? null,
  created_at: entry.createdAt,
  finished_at: entry.finishedAt ?? null,
  results: entry.results.map(({ model, perplexity, exactMatch, rows, tokens }) => ({
    model,
    perplexity: intervalOf(perplexity),
    exact_match: intervalOf(exactMatch),
    rows,
    tokens,
  })),
  verdict: entry.verdict ?? null,
  reason: entry.reason ?? null,
  evidence: entry.evidence ?? null,
  error: entry.error === undefined ? null : errorOf(entry.error),
});

const intervalOf = ({ value, low, high }: { value: number; low: number; high: number }) => ({ value, low, high });
