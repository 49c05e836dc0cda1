import { bug } from '@hone/base';
import { datasetManifest, modelGet, runFinished, type JobEntry } from '@hone/contracts';
import type { Lease } from '@hone/mesh';
import { fineTunedModelName } from '../domain/model-name.js';
import type { TrainingNews } from '../engine/protocol.js';
import { resolveSettings } from '../domain/hyperparameters.js';
import type { RunPlace } from './start-run.js';
import { storeFolder } from './store-folder.js';

/** Puts the adapter into the store and tells the registry. The job succeeds when the registry knows the model. */
export async function publishResult(
  { artifacts, mesh }: RunPlace,
  lease: Lease<JobEntry>,
  { folder, steps, tokens, tokensPerSecond, metrics }: Extract<TrainingNews, { type: 'finished' }>,
): Promise<void> {
  const { value: job } = await lease.change((entry) => ({ ...entry, trainedTokens: tokens, tokensPerSecond }));
  const { dataset, shards } = job;
  if (dataset === undefined || shards === undefined)
    throw bug('job_without_shards', `[job ${job.id}] expected a finished job to name its shards`);
  const base = await mesh.request(modelGet, { name: job.model });
  const { splits } = await artifacts.getManifest(dataset, datasetManifest);
  const settings = resolveSettings(job.hyperparameters, splits.train.rows);
  const manifest = await artifacts.putManifest({
    kind: 'adapter',
    files: await storeFolder(artifacts, folder),
    base: base.fingerprint,
    rank: settings.method === 'full' ? 0 : settings.r,
    dataset,
    shards,
    hyperparameters: settings,
    seed: job.seed,
  });
  const facts = {
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
  await mesh.emit(runFinished, facts, { id: `${job.id}.finished` });
}
