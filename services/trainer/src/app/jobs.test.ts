// Goal: a job is made once, goes its way and ends once, whatever is delivered twice. Method: a real nats-server; registry and
// data-curation answer with fixed entries, since what they decide is tested in their own rooms.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { datasetBuild, exampleDigest, fileGet, modelGet, runFailed, runStart } from '@hone/contracts';
import type { Mesh } from '@hone/mesh';
import { type Bus, startBus, until } from '@hone/testkit';
import { acceptShards } from './accept-shards.js';
import { cancelJob } from './cancel-job.js';
import { completeJob } from './complete-job.js';
import { createJob } from './create-job.js';
import { endJob } from './end-job.js';
import { JobStore } from './job-store.js';
import { listEvents } from './list-jobs.js';
import { RunningJobs } from './running-jobs.js';

let bus: Bus;
let mesh: Mesh;
let store: JobStore;
let number = 0;
let id: string;
const builds: string[] = [];
const runs: string[] = [];
const failures: string[] = [];

beforeAll(async () => {
  bus = await startBus();
  mesh = await bus.connect('trainer');
  store = new JobStore(mesh);
  const registry = await bus.connect('registry');
  const curation = await bus.connect('data-curation');
  const base = {
    name: 'tiny',
    kind: 'base',
    manifest: exampleDigest,
    fingerprint: exampleDigest,
    createdAt: 1,
    evidence: [],
  };
  registry.listen(modelGet, async () => base);
  const file = {
    digest: exampleDigest,
    bytes: 9,
    filename: 'a.jsonl',
    purpose: 'fine-tune',
    createdAt: 1,
    deleted: false,
  };
  curation.listen(fileGet, async (input) => ({ ...file, id: (input as { id: string }).id }));
  curation.listen(datasetBuild, async (input) => void builds.push((input as { requestId: string }).requestId));
  curation.listen(runFailed, async (input) => void failures.push((input as { job: string }).job));
  mesh.listen(runStart, async (input) => void runs.push((input as { job: string }).job));
  await Promise.all([registry.flush(), curation.flush()]);
});
afterAll(() => bus.stop());
beforeEach(() => {
  id = `ftjob-${++number}`;
});

const make = () =>
  createJob(mesh, store, {
    id,
    model: 'tiny',
    trainingFile: 'file-1',
    method: 'supervised',
    hyperparameters: {},
    metadata: {},
  });
const published = () => ({
  requestId: id,
  dataset: exampleDigest,
  shards: exampleDigest,
  base: 'tiny',
  tokens: { train: 10, validation: 2, trainable: 5 },
});
const seen = (list: string[]): number => list.filter((job) => job === id).length;

describe('a fine-tuning job', () => {
  it('is made once and asks for one dataset, although its creation is asked twice', async () => {
    const first = await make();
    expect(await make()).toEqual(first);
    await until(() => seen(builds) > 0);
    expect(seen(builds)).toBe(1);
    expect(first).toMatchObject({ status: 'validating_files', model: 'tiny', trainingFile: 'file-1' });
  });

  it('is queued once when its shards are told twice', async () => {
    await make();
    await acceptShards(mesh, store, published());
    await acceptShards(mesh, store, published());
    await until(() => seen(runs) > 0);
    expect(seen(runs)).toBe(1);
    expect((await store.jobs.find(id)).value.status).toBe('queued');
    const { data } = await listEvents(store, { job: id, limit: 20 });
    expect(data.filter(({ message }) => message.includes('queued state'))).toHaveLength(1);
  });

  it('succeeds when the registry knows its model, and never moves again', async () => {
    await make();
    await acceptShards(mesh, store, published());
    await store.jobs.change(id, (job) => ({ ...job, status: 'running' }));
    const fact = {
      job: id,
      model: 'ft:tiny:hone::1',
      base: 'tiny',
      incumbent: 'tiny',
      dataset: exampleDigest,
      manifest: exampleDigest,
    };
    await completeJob(store, fact);
    await endJob(mesh, store, id, 'failed');
    expect((await store.jobs.find(id)).value).toMatchObject({ status: 'succeeded', fineTunedModel: 'ft:tiny:hone::1' });
  });

  it('ends at once when it is cancelled before it runs, and whoever waits is told', async () => {
    await make();
    expect(await cancelJob(mesh, store, new RunningJobs(), id)).toMatchObject({ status: 'cancelled' });
    await until(() => seen(failures) > 0);
    await expect(cancelJob(mesh, store, new RunningJobs(), id)).rejects.toMatchObject({ status: 409 });
  });

  it('is refused with the nearest known name when a hyper-parameter is misspelt, and nothing is recorded', async () => {
    const wrong = {
      id,
      model: 'tiny',
      trainingFile: 'file-1',
      method: 'supervised' as const,
      hyperparameters: { n_epoch: 3 },
      metadata: {},
    };
    await expect(createJob(mesh, store, wrong)).rejects.toThrow('n_epochs');
    expect(await store.jobs.get(id)).toBeUndefined();
  });
});
