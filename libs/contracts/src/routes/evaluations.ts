import { z } from 'zod';
import { evaluationCreate } from '../evaluator/evaluation.create.js';
import { evaluationGet } from '../evaluator/evaluation.get.js';
import { evaluationList } from '../evaluator/evaluation.list.js';
import { id, modelName } from '../fields.js';
import { lineageGet } from '../registry/lineage.get.js';
import { route } from './route.js';
import { interval, pageLimit, wantedModel } from './shapes.js';

const measured = z.object({
  model: z.string(),
  perplexity: interval,
  exact_match: interval,
  rows: z.int(),
  tokens: z.int(),
});

export const evaluationObject = z
  .object({
    id: z.string(),
    object: z.literal('evaluation'),
    status: z.enum(['queued', 'running', 'succeeded', 'failed']),
    model: z.string(),
    incumbent: z.string().nullable(),
    file: z.string().nullable(),
    dataset: z.string().nullable(),
    job: z.string().nullable(),
    created_at: z.int(),
    finished_at: z.int().nullable(),
    results: z.array(measured),
    verdict: z.enum(['better', 'worse', 'inconclusive']).nullable(),
    reason: z.string().nullable(),
    evidence: z.string().nullable(),
    error: z.object({ code: z.string(), message: z.string(), param: z.string().nullable() }).nullable(),
  })
  .meta({ id: 'Evaluation' });
export type EvaluationObject = z.output<typeof evaluationObject>;

export const createEvaluation = route({
  operationId: 'createEvaluation',
  method: 'POST',
  path: '/v1/evaluations',
  summary:
    'Measures a model, perhaps against an incumbent, on an uploaded file or on the validation rows of a dataset.',
  body: z
    .strictObject({
      model: modelName,
      incumbent: modelName.nullish(),
      file: id.nullish(),
      dataset: z
        .string()
        .regex(/^sha256:[0-9a-f]{64}$/, 'sha256:<64 hex digits>')
        .nullish(),
    })
    .refine((body) => (body.file == null) !== (body.dataset == null), {
      path: ['file'],
      message: 'either file or dataset',
    }),
  reply: evaluationObject,
  errors: ['invalid_request', 'model_not_found', 'not_found'],
  calls: [evaluationCreate],
});

export const listEvaluations = route({
  operationId: 'listEvaluations',
  method: 'GET',
  path: '/v1/evaluations',
  summary: 'Evaluations, newest first, perhaps of one model.',
  query: z.strictObject({ model: modelName.optional(), limit: pageLimit(20) }),
  reply: z.object({ object: z.literal('list'), data: z.array(evaluationObject) }),
  calls: [evaluationList],
});

export const retrieveEvaluation = route({
  operationId: 'retrieveEvaluation',
  method: 'GET',
  path: '/v1/evaluations/{evaluation_id}',
  summary: 'One evaluation: perplexity and exact match with their 95 % intervals, and the verdict.',
  params: z.strictObject({ evaluation_id: id }),
  reply: evaluationObject,
  errors: ['not_found'],
  calls: [evaluationGet],
});

export const retrieveLineage = route({
  operationId: 'retrieveLineage',
  method: 'GET',
  path: '/v1/lineage/{model}',
  summary: 'The ancestry of a model or alias: jobs, dataset versions, files, votes and verdicts.',
  params: z.strictObject({ model: wantedModel }),
  reply: z
    .object({
      object: z.literal('lineage'),
      model: z.string(),
      nodes: z.array(
        z.object({
          kind: z.string(),
          id: z.string(),
          from: z.array(z.string()),
          facts: z.record(z.string(), z.unknown()),
        }),
      ),
      votes: z.array(z.string()),
      datasets: z.array(z.string()),
    })
    .meta({ id: 'Lineage' }),
  errors: ['model_not_found'],
  calls: [lineageGet],
});
