import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bug } from '@hone/base';
import { datasetManifest, modelGet, runFinished, type JobEntry } from '@hone/contracts';
import type { Lease } from '@hone/mesh';
import { fineTunedModelName } from '../domain/model-name.js';
import type { TrainingNews } from '../engine/protocol.js';
import { endJob } from './end-job.js';
import { factsOf } from './prepare-run.js';
import { resolveArguments } from './resolve-arguments.js';
import type { RunPlace } from './run-place.js';
import { storeFolder } from './store-folder.js';

/** Puts the adapter into the store and tells the registry. The job succeeds when the registry knows the model. */
export async function publishResult(
  { artifacts, mesh, store }: RunPlace,
  lease: Lease<JobEntry>,
  { folder, steps, tokens, tokensPerSecond, metrics }: Extract<TrainingNews, { type: 'finished' }>,
): Promise<void> {
  const { value: job } = await lease.change((entry) => ({ ...entry, trainedTokens: tokens, tokensPerSecond }));
  // Cancelled during the last step: what was learnt is thrown away, because a cancelled job publishes nothing.
  if (job.cancelRequested) return void (await endJob(mesh, store, job.id, 'cancelled'));
  const { dataset, shards } = job;
  if (dataset === undefined || shards === undefined)
    throw bug('job_without_shards', `[job ${job.id}] expected a finished job to name its shards`);
  const base = await mesh.request(modelGet, { name: job.model });
  const facts = factsOf(job, await artifacts.getManifest(dataset, datasetManifest));
  const { method, arguments: settings } = resolveArguments(job.hyperparameters, facts);
  const manifest = await artifacts.putManifest({
    kind: 'adapter',
    files: await storeFolder(artifacts, folder),
    base: base.fingerprint,
    rank: rankOf(folder),
    dataset,
    shards,
    hyperparameters: { method, ...settings },
    seed: job.seed,
  });
  const finished = {
    job: job.id,
    model: fineTunedModelName(job.model, job.suffix, job.id),
    base: job.model,
    manifest,
    dataset,
    shards,
    steps,
    trainedTokens: tokens,
    tokensPerSecond,
    metrics,
    ...(job.suffix === undefined ? {} : { alias: job.suffix }),
    ...(job.retrain === undefined ? {} : { incumbent: job.retrain.incumbent }),
  };
  await mesh.emit(runFinished, finished, { id: `${job.id}.finished` });
}

/** The adapter's own word for its rank; 0 for a full fine-tune, whose folder is a whole model. */
function rankOf(folder: string): number {
  const path = join(folder, 'adapter_config.json');
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as { r: number }).r : 0;
}
