import type {
  jobCheckpointObject,
  JobCheckpoint,
  JobEntry,
  JobEvent,
  jobEventObject,
  JobObject,
} from '@hone/contracts';
import type { z } from 'zod';

/** A fine-tuning job as OpenAI shows it; what only Hone knows stands under `hone`. */
export const jobObjectOf = (job: JobEntry): JobObject => ({
  id: job.id,
  object: 'fine_tuning.job',
  created_at: job.createdAt,
  finished_at: job.finishedAt ?? null,
  estimated_finish: job.estimatedFinish ?? null,
  model: job.model,
  fine_tuned_model: job.status === 'succeeded' ? (job.fineTunedModel ?? null) : null,
  organization_id: 'hone',
  status: job.status,
  training_file: job.trainingFile ?? '',
  validation_file: job.validationFile ?? null,
  result_files: [],
  trained_tokens: job.trainedTokens ?? null,
  seed: job.seed,
  hyperparameters: job.hyperparameters,
  method: { type: 'supervised', supervised: { hyperparameters: job.hyperparameters } },
  integrations: [],
  metadata: job.metadata,
  error: job.error === undefined ? null : errorOf(job.error),
  hone: {
    dataset: job.dataset ?? null,
    shards: job.shards ?? null,
    tokens_per_second: job.tokensPerSecond ?? null,
    started_at: job.startedAt ?? null,
    retrain: job.retrain === undefined ? null : { incumbent: job.retrain.incumbent, reason: job.retrain.reason },
  },
});

export const errorOf = ({ code, message, param }: { code: string; message: string; param?: string | undefined }) => ({
  code,
  message,
  param: param ?? null,
});

export const jobEventObjectOf = (event: JobEvent): z.output<typeof jobEventObject> => ({
  id: event.id,
  object: 'fine_tuning.job.event',
  created_at: event.createdAt,
  level: event.level,
  message: event.message,
  type: event.type,
  data: event.data ?? null,
});

export const jobCheckpointObjectOf = (checkpoint: JobCheckpoint): z.output<typeof jobCheckpointObject> => ({
  id: checkpoint.id,
  object: 'fine_tuning.job.checkpoint',
  created_at: checkpoint.createdAt,
  fine_tuned_model_checkpoint: checkpoint.model,
  fine_tuning_job_id: checkpoint.job,
  step_number: checkpoint.step,
  metrics: checkpoint.metrics,
});
