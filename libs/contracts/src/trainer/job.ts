import { z } from 'zod';
import { count, digest, errorBody, id, modelName, name, unixTime } from '../fields.js';

/** Settings of a run under the names of TrainingArguments and LoraConfig; what is absent is chosen by the trainer. */
export const hyperparameters = z.looseObject({
  n_epochs: z.union([z.literal('auto'), z.number().positive().max(100)]).optional(),
  batch_size: z.union([z.literal('auto'), z.int().min(1).max(4096)]).optional(),
  learning_rate_multiplier: z.union([z.literal('auto'), z.number().positive().max(100)]).optional(),
});
export type Hyperparameters = z.output<typeof hyperparameters>;

export const jobStatus = z.enum(['validating_files', 'queued', 'running', 'succeeded', 'failed', 'cancelled']);

/** A fine-tuning job: the ledger entry `job.<id>`. */
export const jobEntry = z.looseObject({
  id,
  status: jobStatus,
  model: modelName,
  /** Public ids of the files, as the client named them. */
  trainingFile: id.optional(),
  validationFile: id.optional(),
  method: z.enum(['supervised']),
  hyperparameters,
  suffix: name.optional(),
  seed: z.int(),
  metadata: z.record(z.string(), z.string()).default({}),
  createdAt: unixTime,
  startedAt: unixTime.optional(),
  finishedAt: unixTime.optional(),
  estimatedFinish: unixTime.optional(),
  trainedTokens: count.optional(),
  tokensPerSecond: z.number().optional(),
  fineTunedModel: modelName.optional(),
  error: errorBody.optional(),
  dataset: digest.optional(),
  shards: digest.optional(),
  /** Set when a retraining policy asked for the job. */
  retrain: z
    .looseObject({ parentDataset: digest, feedbackRows: digest, incumbent: modelName, reason: z.string() })
    .optional(),
  cancelRequested: z.boolean().default(false),
  checkpoint: z.looseObject({ digest, step: count }).optional(),
});
export type JobEntry = z.output<typeof jobEntry>;

export const jobEvent = z.looseObject({
  id,
  job: id,
  createdAt: unixTime,
  level: z.enum(['info', 'warn', 'error']),
  message: z.string(),
  type: z.enum(['message', 'metrics']),
  data: z.record(z.string(), z.unknown()).optional(),
});
export type JobEvent = z.output<typeof jobEvent>;

export const jobCheckpoint = z.looseObject({
  id,
  job: id,
  createdAt: unixTime,
  step: count,
  model: modelName,
  manifest: digest,
  metrics: z.record(z.string(), z.number()),
});
export type JobCheckpoint = z.output<typeof jobCheckpoint>;

export const exampleJob = {
  id: 'ftjob-01',
  status: 'queued',
  model: 'hone-tiny',
  trainingFile: 'file-01',
  method: 'supervised',
  hyperparameters: { n_epochs: 3 },
  seed: 1,
  createdAt: 1,
} as const;
