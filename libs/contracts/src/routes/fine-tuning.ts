import { z } from 'zod';
import { id, name } from '../fields.js';
import { checkpointList } from '../trainer/checkpoint.list.js';
import { eventList } from '../trainer/event.list.js';
import { jobCancel } from '../trainer/job.cancel.js';
import { jobCreate } from '../trainer/job.create.js';
import { jobGet } from '../trainer/job.get.js';
import { jobList } from '../trainer/job.list.js';
import { hyperparameters, jobStatus } from '../trainer/job.js';
import { route } from './route.js';
import { after, metadata, page, pageLimit, pageWithEnds, unsupported, wantedModel } from './shapes.js';

const supervised = z.object({ hyperparameters: z.record(z.string(), z.unknown()) });

export const jobObject = z
  .object({
    id: z.string(),
    object: z.literal('fine_tuning.job'),
    created_at: z.int(),
    finished_at: z.int().nullable(),
    estimated_finish: z.int().nullable(),
    model: z.string(),
    fine_tuned_model: z.string().nullable(),
    organization_id: z.string(),
    status: jobStatus,
    training_file: z.string(),
    validation_file: z.string().nullable(),
    result_files: z.array(z.string()),
    trained_tokens: z.int().nullable(),
    seed: z.int(),
    hyperparameters: z.record(z.string(), z.unknown()),
    method: z.object({ type: z.literal('supervised'), supervised }),
    integrations: z.array(z.unknown()),
    metadata: z.record(z.string(), z.string()),
    error: z.object({ code: z.string(), message: z.string(), param: z.string().nullable() }).nullable(),
    /** What only Hone knows of a job. */
    hone: z.object({
      dataset: z.string().nullable(),
      shards: z.string().nullable(),
      tokens_per_second: z.number().nullable(),
      started_at: z.int().nullable(),
      retrain: z.object({ incumbent: z.string(), reason: z.string() }).nullable(),
    }),
  })
  .meta({ id: 'FineTuningJob' });
export type JobObject = z.output<typeof jobObject>;

export const jobEventObject = z
  .object({
    id: z.string(),
    object: z.literal('fine_tuning.job.event'),
    created_at: z.int(),
    level: z.enum(['info', 'warn', 'error']),
    message: z.string(),
    type: z.enum(['message', 'metrics']),
    data: z.record(z.string(), z.unknown()).nullable(),
  })
  .meta({ id: 'FineTuningJobEvent' });

export const jobCheckpointObject = z
  .object({
    id: z.string(),
    object: z.literal('fine_tuning.job.checkpoint'),
    created_at: z.int(),
    fine_tuned_model_checkpoint: z.string(),
    fine_tuning_job_id: z.string(),
    step_number: z.int(),
    metrics: z.record(z.string(), z.number()),
  })
  .meta({ id: 'FineTuningJobCheckpoint' });

const method = z
  .strictObject({
    type: z.literal('supervised', { message: '"supervised" (dpo and reinforcement are not built)' }),
    supervised: z.strictObject({ hyperparameters: hyperparameters.nullish() }).nullish(),
    dpo: unsupported('dpo is not built'),
    reinforcement: unsupported('reinforcement is not built'),
  })
  .nullish();

const params = z.strictObject({ fine_tuning_job_id: id });

export const createFineTuningJob = route({
  operationId: 'createFineTuningJob',
  method: 'POST',
  path: '/v1/fine_tuning/jobs',
  summary:
    'Queues a fine-tuning job. `suffix` also names the alias that the adapter competes for; hyper-parameters beyond ' +
    "OpenAI's bear the names of TrainingArguments and LoraConfig.",
  body: z.strictObject({
    model: wantedModel,
    training_file: id,
    validation_file: id.nullish(),
    method,
    hyperparameters: hyperparameters.nullish(),
    suffix: name.nullish(),
    seed: z.int().nullish(),
    integrations: unsupported('no integration is built', [[]]),
    metadata,
  }),
  reply: jobObject,
  errors: ['invalid_request', 'model_not_found', 'not_found', 'overloaded'],
  calls: [jobCreate],
});

export const listFineTuningJobs = route({
  operationId: 'listPaginatedFineTuningJobs',
  method: 'GET',
  path: '/v1/fine_tuning/jobs',
  summary: 'A page of jobs, newest first; `metadata[key]=value` filters.',
  query: z.looseObject({ after, limit: pageLimit(20) }),
  reply: page(jobObject),
  errors: ['invalid_request'],
  calls: [jobList],
});

export const retrieveFineTuningJob = route({
  operationId: 'retrieveFineTuningJob',
  method: 'GET',
  path: '/v1/fine_tuning/jobs/{fine_tuning_job_id}',
  summary: 'One job.',
  params,
  reply: jobObject,
  errors: ['not_found'],
  calls: [jobGet],
});

export const cancelFineTuningJob = route({
  operationId: 'cancelFineTuningJob',
  method: 'POST',
  path: '/v1/fine_tuning/jobs/{fine_tuning_job_id}/cancel',
  summary: 'Stops a job before its next step; no adapter is published.',
  params,
  reply: jobObject,
  errors: ['not_found', 'conflict'],
  calls: [jobCancel],
});

export const listFineTuningEvents = route({
  operationId: 'listFineTuningEvents',
  method: 'GET',
  path: '/v1/fine_tuning/jobs/{fine_tuning_job_id}/events',
  summary: "A page of a job's events, newest first: messages, and metrics of each step.",
  params,
  query: z.strictObject({ after, limit: pageLimit(20) }),
  reply: page(jobEventObject),
  errors: ['not_found'],
  calls: [eventList],
});

export const listFineTuningJobCheckpoints = route({
  operationId: 'listFineTuningJobCheckpoints',
  method: 'GET',
  path: '/v1/fine_tuning/jobs/{fine_tuning_job_id}/checkpoints',
  summary: "A page of a job's checkpoints, newest first.",
  params,
  query: z.strictObject({ after, limit: pageLimit(10) }),
  reply: pageWithEnds(jobCheckpointObject),
  errors: ['not_found'],
  calls: [checkpointList],
});
