// Goal: the registry's promises as others see them. Method: the real service on a real nats-server with a directory store; the
// trainer, the evaluator, curation and the gateway are plain connections to the same bus.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ArtifactStore, DirectoryDriver } from '@hone/artifacts';
import { type Digest, digestOf } from '@hone/base';
import {
  adapterDecided,
  adapterRefused,
  adapterRegistered,
  aliasGet,
  aliasMove,
  evaluationFinished,
  evaluationGet,
  experimentConclude,
  experimentCreate,
  experimentGet,
  feedbackGiven,
  type InputOf,
  jobGet,
  lineageGet,
  type Message,
  modelGet,
  modelList,
  modelRegister,
  runFinished,
} from '@hone/contracts';
import type { Mesh } from '@hone/mesh';
import { makeLog, type RunningService, startService } from '@hone/service-kit';
import { type Bus, startBus } from '@hone/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RegistryModule } from './registry.module.js';

let bus: Bus;
let directory: string;
let store: ArtifactStore;
let service: RunningService;
let gateway: Mesh;
let trainer: Mesh;
let evaluator: Mesh;
let curation: Mesh;
const registered: InputOf<typeof adapterRegistered>[] = [];
const decisions: InputOf<typeof adapterDecided>[] = [];
const refusals: InputOf<typeof adapterRefused>[] = [];

const fingerprint = digestOf('weights');
const evidence = digestOf('evidence');

beforeAll(async () => {
  bus = await startBus();
  directory = await mkdtemp(join(tmpdir(), 'hone-registry-'));
  const place = `directory:${join(directory, 'objects')}`;
  store = new ArtifactStore(new DirectoryDriver(join(directory, 'objects')));
  service = await startService({
    name: 'registry',
    module: RegistryModule,
    environment: { HONE_NATS_URL: bus.nats.url, HONE_STORE: place, HONE_HOME: directory, HONE_LOCAL_TRACES: 'false' },
    log: makeLog('registry', 'silent'),
  });
  [gateway, trainer, evaluator, curation] = await Promise.all([
    bus.connect('gateway'),
    bus.connect('trainer'),
    bus.connect('evaluator'),
    bus.connect('data-curation'),
  ]);
  evaluator.listen(
    adapterRegistered,
    async (input) => void registered.push(input as InputOf<typeof adapterRegistered>),
  );
  trainer.listen(adapterRefused, async (input) => void refusals.push(input as InputOf<typeof adapterRefused>));
  curation.listen(adapterDecided, async (input) => void decisions.push(input as InputOf<typeof adapterDecided>));
  const manifest = await store.putManifest({
    kind: 'base',
    files: [{ path: 'config.json', digest: digestOf('x'), bytes: 1 }],
    architecture: 'llama',
    parameters: 10,
    contextLength: 512,
    fingerprint,
  });
  await gateway.request(modelRegister, { name: 'tiny', manifest, fingerprint });
});

afterAll(async () => {
  await service?.stop();
  await bus?.stop();
  await rm(directory, { recursive: true, force: true });
});

async function until<T>(look: () => T | undefined | false): Promise<T> {
  for (let tries = 0; tries < 400; tries++) {
    const found = look();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error('waited ten seconds for nothing');
}

async function finishedRun(job: string, alias: string | undefined, base: Digest = fingerprint) {
  const dataset = await store.putManifest({
    kind: 'dataset',
    sources: [{ digest: digestOf(job), role: 'training' }],
    options: { validationFraction: 0.1, seed: 0, feedbackRepeats: 3 },
    splits: { train: { rows: 1, chunks: [] }, validation: { rows: 1, chunks: [] } },
    refused: { count: 0, first: [] },
  });
  const manifest = await store.putManifest({
    kind: 'adapter',
    files: [{ path: 'adapter_model.safetensors', digest: digestOf(job), bytes: 1 }],
    base,
    rank: 16,
    dataset,
    shards: digestOf('shards'),
    hyperparameters: {},
    seed: 1,
  });
  return {
    job,
    model: `ft:tiny:hone:${alias ?? ''}:${job}`,
    base: 'tiny',
    manifest,
    ...(alias ? { alias } : {}),
    dataset,
    shards: digestOf('shards'),
    steps: 10,
    trainedTokens: 100,
    tokensPerSecond: 10,
    metrics: { train_loss: 1 },
  };
}

/** The same event as often as wanted: different message ids, so that the server does not drop the repetitions itself. */
async function deliver<M extends Message>(from: Mesh, message: M, input: InputOf<M>, times: number): Promise<void> {
  for (let copy = 0; copy < times; copy++) await from.emit(message, input as never, { id: `${Math.random()}-${copy}` });
}

const evaluationOf = (run: { job: string; model: string }, incumbent: string, verdict: 'better' | 'worse') => ({
  id: `eval-${run.job}`,
  status: 'succeeded' as const,
  candidate: run.model,
  incumbent,
  job: run.job,
  createdAt: 1,
  results: [],
  verdict,
  reason: `it is ${verdict}`,
  evidence,
});

const modelOf = (name: string) => gateway.request(modelGet, { name });

describe('models', () => {
  it('are found by name, and a misspelt name is refused with a suggestion', async () => {
    expect(await modelOf('tiny')).toMatchObject({ name: 'tiny', kind: 'base', fingerprint });
    await expect(modelOf('tyni')).rejects.toMatchObject({
      code: 'model_not_found',
      status: 404,
      details: { suggestion: 'tiny' },
    });
  });

  it('keep their bytes: the same registration is the same entry, other bytes are refused', async () => {
    const { manifest } = await modelOf('tiny');
    expect(await gateway.request(modelRegister, { name: 'tiny', manifest, fingerprint })).toEqual(
      await modelOf('tiny'),
    );
    const other = await store.putManifest({
      kind: 'base',
      files: [{ path: 'config.json', digest: digestOf('y'), bytes: 1 }],
      architecture: 'llama',
      parameters: 10,
      contextLength: 512,
      fingerprint: digestOf('other'),
    });
    const again = { name: 'tiny', manifest: other, fingerprint: digestOf('other') };
    await expect(gateway.request(modelRegister, again)).rejects.toMatchObject({ code: 'model_exists', status: 409 });
  });

  it("refuse a fingerprint that is not their manifest's", async () => {
    const { manifest } = await modelOf('tiny');
    const wrong = { name: 'tiny2', manifest, fingerprint: digestOf('else') };
    await expect(gateway.request(modelRegister, wrong)).rejects.toMatchObject({ code: 'fingerprint_mismatch' });
  });
});

describe('a finished run', () => {
  const deadLetters: string[] = [];
  beforeAll(() => {
    trainer.unwrap().subscribe('hone.v1.registry.dead.>', {
      callback: (_error, msg) => void deadLetters.push(msg.headers?.get('Hone-Dead-Code') ?? ''),
    });
  });

  it('becomes one candidate however often it is told, and leads once to the alias when it is better', async () => {
    const run = await finishedRun('ftjob-1', 'desk');
    await deliver(trainer, runFinished, run as never, 3);
    await until(() => registered.filter(({ job }) => job === 'ftjob-1').length > 0);
    expect(await modelOf(run.model)).toMatchObject({ state: 'candidate', incumbent: 'tiny', alias: 'desk' });
    await deliver(evaluator, evaluationFinished, { evaluation: evaluationOf(run, 'tiny', 'better') } as never, 3);
    await until(() => decisions.find(({ job }) => job === 'ftjob-1'));
    expect(await gateway.request(aliasGet, { name: 'desk' })).toMatchObject({ model: run.model, previous: 'tiny' });
    const promoted = await modelOf('desk');
    expect(promoted).toMatchObject({ name: run.model, state: 'promoted' });
    expect(promoted.evidence.map(({ state }) => state)).toEqual(['evaluated', 'promoted']);
    expect(promoted.evidence.every((item) => item.digest === evidence)).toBe(true);
    expect(registered.filter(({ job }) => job === 'ftjob-1')).toHaveLength(1);
    expect(decisions.filter(({ job }) => job === 'ftjob-1')).toHaveLength(1);
  });

  it('that is worse leaves the alias where it is', async () => {
    const before = await gateway.request(aliasGet, { name: 'desk' });
    const run = await finishedRun('ftjob-2', 'desk');
    await deliver(trainer, runFinished, run as never, 1);
    await until(() => registered.find(({ job }) => job === 'ftjob-2'));
    await deliver(evaluator, evaluationFinished, { evaluation: evaluationOf(run, before.model, 'worse') } as never, 1);
    const decision = await until(() => decisions.find(({ job }) => job === 'ftjob-2'));
    expect(decision).toMatchObject({ state: 'rejected', reason: 'it is worse' });
    expect(await gateway.request(aliasGet, { name: 'desk' })).toEqual(before);
    expect(await modelOf(run.model)).toMatchObject({ state: 'rejected' });
  });

  it('of another base is put among the dead letters, gets no name, and its job is told', async () => {
    const run = await finishedRun('ftjob-3', 'desk', digestOf('another base'));
    await deliver(trainer, runFinished, run as never, 1);
    const dead = await until(() => deadLetters.length > 0 && deadLetters);
    expect(dead[0]).toContain('wrong_base');
    expect(await until(() => refusals.find(({ job }) => job === run.job))).toMatchObject({
      error: { code: 'wrong_base' },
    });
    await expect(modelOf(run.model)).rejects.toMatchObject({ code: 'model_not_found' });
  });

  it('is decided only by the evaluation that its registration asked for', async () => {
    const run = await finishedRun('ftjob-4', 'desk');
    await deliver(trainer, runFinished, run as never, 1);
    const { incumbent } = await until(() => registered.find(({ job }) => job === 'ftjob-4'));
    const byHand = { ...evaluationOf(run, incumbent, 'better'), id: 'eval-by-hand', job: undefined };
    await deliver(evaluator, evaluationFinished, { evaluation: byHand } as never, 1);
    await deliver(evaluator, evaluationFinished, { evaluation: evaluationOf(run, incumbent, 'worse') } as never, 1);
    expect(await until(() => decisions.find(({ job }) => job === 'ftjob-4'))).toMatchObject({ state: 'rejected' });
  });
});

describe('a promotion', () => {
  it('leaves the adapter before superseded, and a person can go back to it', async () => {
    const promote = async (job: string, incumbent: string) => {
      const run = await finishedRun(job, 'till');
      await deliver(trainer, runFinished, run as never, 1);
      await until(() => registered.find((told) => told.job === job));
      await deliver(evaluator, evaluationFinished, { evaluation: evaluationOf(run, incumbent, 'better') } as never, 2);
      await until(() => decisions.find((told) => told.job === job));
      return run.model;
    };
    const first = await promote('ftjob-till-1', 'tiny');
    const second = await promote('ftjob-till-2', first);
    expect(await modelOf(second)).toMatchObject({ state: 'promoted' });
    const replaced = await modelOf(first);
    expect(replaced.evidence.map(({ state }) => state)).toEqual(['evaluated', 'promoted', 'superseded']);
    expect(replaced.evidence.at(-1)?.reason).toContain(`${second} took its place`);
    await gateway.request(aliasMove, { name: 'till', model: first, reason: 'complaints' });
    expect([(await modelOf(first)).state, (await modelOf(second)).state]).toEqual(['promoted', 'rolled-back']);
  });

  it('supersedes nothing that another alias still stands for', async () => {
    const [first, second] = ['ft:tiny:hone:till:ftjob-till-1', 'ft:tiny:hone:till:ftjob-till-2'];
    await gateway.request(aliasMove, { name: 'kiosk', model: first, reason: 'the same desk' });
    await gateway.request(aliasMove, { name: 'kiosk', model: second, reason: 'newer' });
    expect(await modelOf(first)).toMatchObject({ state: 'promoted' });
  });
});

describe('an experiment', () => {
  const wanted = {
    name: 'first-light',
    alias: 'desk',
    arms: [
      { name: 'base', model: 'tiny' },
      { name: 'tuned', model: 'ft:tiny:hone:desk:ftjob-1' },
    ],
  };

  it('starts once, refuses unknown models and a second one on its alias', async () => {
    const started = await gateway.request(experimentCreate, wanted);
    expect(started).toMatchObject({ status: 'running', votes: { base: { up: 0, down: 0 } } });
    expect(await gateway.request(experimentCreate, wanted)).toEqual(started);
    const second = { ...wanted, name: 'second' };
    await expect(gateway.request(experimentCreate, second)).rejects.toMatchObject({ code: 'experiment_running' });
    const unknown = { ...wanted, name: 'third', arms: [...wanted.arms, { name: 'x', model: 'nobody' }] };
    await expect(gateway.request(experimentCreate, unknown)).rejects.toMatchObject({ code: 'model_not_found' });
    await expect(gateway.request(experimentCreate, { ...wanted, name: 'fourth', alias: 'dusk' })).rejects.toMatchObject(
      {
        code: 'alias_not_found',
        status: 404,
      },
    );
  });

  it('counts a vote once however often it is told', async () => {
    const given = {
      feedback: { id: 'fb-1', turn: 'chatcmpl-1', rating: 'down' as const, createdAt: 1 },
      turn: {
        id: 'chatcmpl-1',
        content: evidence,
        model: 'tiny',
        base: 'tiny',
        alias: 'desk',
        experiment: 'first-light',
        arm: 'base',
        createdAt: 1,
      },
    };
    await deliver(curation, feedbackGiven, given, 4);
    await deliver(curation, feedbackGiven, { ...given, feedback: { ...given.feedback, id: 'fb-2' } }, 1);
    let votes: unknown;
    for (let tries = 0; tries < 200; tries++) {
      ({ votes } = await gateway.request(experimentGet, { name: 'first-light' }));
      if (JSON.stringify(votes).includes('"down":2')) break;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    expect(votes).toEqual({ base: { up: 0, down: 2 }, tuned: { up: 0, down: 0 } });
  });

  it('ends when its alias moves, by hand or by promotion', async () => {
    const moved = await gateway.request(aliasMove, { name: 'desk', model: 'tiny', reason: 'complaints' });
    expect(moved).toMatchObject({ model: 'tiny', previous: 'ft:tiny:hone:desk:ftjob-1' });
    expect(await gateway.request(experimentGet, { name: 'first-light' })).toMatchObject({ status: 'concluded' });
    expect(await modelOf('ft:tiny:hone:desk:ftjob-1')).toMatchObject({ state: 'rolled-back' });
    const back = { name: 'desk', model: 'ft:tiny:hone:desk:ftjob-1', reason: 'false alarm' };
    await gateway.request(aliasMove, back);
    expect(await modelOf('desk')).toMatchObject({ state: 'promoted' });
  });

  it('can be concluded by hand once', async () => {
    await gateway.request(experimentCreate, { ...wanted, name: 'again' });
    const ended = await gateway.request(experimentConclude, { name: 'again', reason: 'enough' });
    expect(ended).toMatchObject({ status: 'concluded', reason: 'enough' });
    expect(await gateway.request(experimentConclude, { name: 'again', reason: 'more' })).toEqual(ended);
    await expect(gateway.request(experimentConclude, { name: 'nobody', reason: 'x' })).rejects.toMatchObject({
      status: 404,
    });
  });
});

describe('the lineage', () => {
  it('leads from an alias over verdict and job to the rows, and is a gap where others forgot', async () => {
    trainer.listen(jobGet, async () => ({
      id: 'ftjob-1',
      status: 'succeeded',
      model: 'tiny',
      trainingFile: 'file-1',
      method: 'supervised',
      hyperparameters: {},
      seed: 1,
      createdAt: 1,
      dataset: (await modelOf('desk')).dataset,
    }));
    evaluator.listen(evaluationGet, async () => evaluationOf({ job: 'ftjob-1', model: 'x' }, 'tiny', 'better'));
    await Promise.all([trainer.flush(), evaluator.flush()]);
    const lineage = await gateway.request(lineageGet, { model: 'desk' });
    expect(lineage.model).toBe('ft:tiny:hone:desk:ftjob-1');
    expect(lineage.nodes.map(({ kind }) => kind).sort()).toEqual(
      ['alias', 'base', 'dataset', 'evaluation', 'file', 'job', 'model'].sort(),
    );
  });

  it('of an unknown model is refused', async () => {
    await expect(gateway.request(lineageGet, { model: 'nobody' })).rejects.toMatchObject({ code: 'model_not_found' });
  });
});

it('lists every model and alias', async () => {
  const { models, aliases } = await gateway.request(modelList, {});
  expect(models.map(({ name }) => name)).toEqual(expect.arrayContaining(['tiny', 'ft:tiny:hone:desk:ftjob-1']));
  expect(aliases.map(({ name }) => name)).toEqual(expect.arrayContaining(['desk', 'till', 'kiosk']));
});
