import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import type { AliasObject, EvaluationObject } from '@hone/contracts';
import { ask } from '../api/connection.js';
import { followJob, type HoneJob, stepLine } from '../api/follow-job.js';
import { CliError } from '../exit-codes.js';
import { patiently, until } from './patient.js';
import { fileOf, rowsOf } from './rows.js';
import type { Stage } from './stage.js';

/**
 * Three million parameters learn with larger steps than billions do, and with more of them. Measured with these on the held-out
 * rows: seven answers of ten word for word after the tuning, eight after the retraining.
 */
const hyperparameters = {
  method: 'qlora',
  r: 16,
  target_modules: 'all-linear',
  learning_rate: 3e-3,
  n_epochs: 12,
  batch_size: 4,
};

const evaluationWithinMs = 180_000;

/** Uploads the rows and tunes an adapter on them; the held-out rows are the job's validation file. */
export async function firstTuning(stage: Stage): Promise<HoneJob> {
  stage.heading(`upload ${rowsOf('train')} training rows and ${rowsOf('heldout')} held-out rows`);
  const training_file = await upload(stage, 'train');
  const validation_file = await upload(stage, 'heldout');
  stage.heading(`fine-tune ${stage.base} with QLoRA (NF4, double quantization, r = 16, all linear layers)`);
  const body = {
    model: stage.base,
    training_file,
    validation_file,
    suffix: stage.alias,
    seed: 7,
    method: {
      type: 'supervised' as const,
      supervised: { hyperparameters: { ...hyperparameters } },
    },
  };
  const headers = { 'idempotency-key': `demo-job-${training_file}` };
  const { id } = await patiently(() => stage.client.fineTuning.jobs.create(body, { headers }));
  return watched(stage, id);
}

async function upload(stage: Stage, name: 'train' | 'heldout'): Promise<string> {
  const path = fileOf(name);
  const send = () => stage.client.files.create({ file: createReadStream(path), purpose: 'fine-tune' });
  const { id, bytes } = await patiently(send);
  stage.note(`${basename(path)}: ${bytes} bytes as ${id}`);
  return id;
}

/** Follows a job's events to its end; a job that does not succeed ends the demo with its reason. */
export async function watched(stage: Stage, id: string): Promise<HoneJob> {
  let steps = 0;
  let last = '';
  const job = await patiently(() =>
    followJob(stage.looking.client, id, (event) => {
      const line = stepLine(event);
      if (line === undefined) return;
      steps++;
      last = line;
      stage.live(line);
    }),
  );
  if (job.status !== 'succeeded' || job.fine_tuned_model === null)
    throw new CliError(
      `[demo] expected job ${id} to succeed but it ${job.status}: ${job.error?.message ?? 'no reason given'}`,
    );
  stage.note(`${id}: ${steps} steps told, last: ${last || 'none'}`);
  stage.note(`${job.trained_tokens ?? 0} tokens trained, ${job.fine_tuned_model}`);
  return job;
}

/** The evaluation that every new adapter gets against the model that its alias stands for. */
export async function evaluationOf(stage: Stage, model: string): Promise<EvaluationObject> {
  const path = `/v1/evaluations?model=${encodeURIComponent(model)}`;
  const found = await until(`an evaluation of ${model}`, evaluationWithinMs, async () => {
    const { data } = await ask<{ data: EvaluationObject[] }>(stage.looking.to, 'GET', path);
    stage.live(`evaluation: ${data[0]?.status ?? 'not begun'}`);
    return data.find(({ status }) => status === 'succeeded' || status === 'failed');
  });
  if (found.status === 'succeeded') return found;
  throw new CliError(`[demo] the evaluation ${found.id} failed: ${found.error?.message ?? 'no reason given'}`);
}

/** Waits until the alias stands for a model; a verdict other than `better` ends the demo with the evaluator's words. */
export async function promotion(stage: Stage, model: string, verdict: EvaluationObject): Promise<void> {
  if (verdict.verdict !== 'better')
    throw new CliError(
      `[demo] expected ${model} to be promoted but the verdict is ${verdict.verdict}: ${verdict.reason}`,
    );
  await until(`the alias ${stage.alias} to move to ${model}`, 60_000, async () => {
    const alias = await ask<AliasObject>(stage.looking.to, 'GET', `/v1/aliases/${stage.alias}`).catch(ifUnknown);
    return alias?.model === model ? true : undefined;
  });
  stage.note(`promoted: ${stage.alias} -> ${model}`);
}

/** An alias that was never moved is not there yet. */
function ifUnknown(thrown: unknown): undefined {
  if (thrown instanceof CliError && thrown.exitCode === 3) return undefined;
  throw thrown;
}
