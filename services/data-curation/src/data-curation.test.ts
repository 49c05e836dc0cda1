// Goal: the promises of data curation as others see them. Method: the real service on a real nats-server with a directory store;
// the trainer, the registry, serving, reward and the gateway are plain connections to the same bus.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ArtifactStore, DirectoryDriver } from '@hone/artifacts';
import { type Digest, digestOf } from '@hone/base';
import {
  adapterDecided,
  aliasGet,
  datasetBuild,
  datasetManifest,
  datasetPublished,
  datasetRefused,
  feedbackGive,
  feedbackGiven,
  fileDelete,
  fileGet,
  fileList,
  fileRegister,
  type InputOf,
  jobCreate,
  jobGet,
  modelGet,
  pairMade,
  runFailed,
  turnCompleted,
} from '@hone/contracts';
import type { Mesh } from '@hone/mesh';
import { makeLog, type RunningService, startService } from '@hone/service-kit';
import { type Bus, startBus } from '@hone/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataCurationModule } from './data-curation.module.js';
import { curationSettings } from './settings.js';

let bus: Bus;
let directory: string;
let store: ArtifactStore;
let service: RunningService;
let gateway: Mesh;
let trainer: Mesh;
let registry: Mesh;
let serving: Mesh;
let reward: Mesh;
const published: InputOf<typeof datasetPublished>[] = [];
const refused: InputOf<typeof datasetRefused>[] = [];
const given: InputOf<typeof feedbackGiven>[] = [];
const jobs = new Map<string, InputOf<typeof jobCreate>>();
let dataset: Digest;

const start = () =>
  startService({
    name: 'data-curation',
    module: DataCurationModule,
    settings: curationSettings,
    environment: {
      HONE_NATS_URL: bus.nats.url,
      HONE_STORE: `directory:${join(directory, 'objects')}`,
      HONE_HOME: directory,
      HONE_LOCAL_TRACES: 'false',
      HONE_DATA_CURATION_RETRAIN_CORRECTIONS_MIN: '3',
      HONE_DATA_CURATION_RETRAIN_QUIET_MS: '150',
    },
    log: makeLog('data-curation', 'silent'),
  });

beforeAll(async () => {
  bus = await startBus();
  directory = await mkdtemp(join(tmpdir(), 'hone-curation-'));
  store = new ArtifactStore(new DirectoryDriver(join(directory, 'objects')));
  service = await start();
  [gateway, trainer, registry, serving, reward] = (await Promise.all(
    (['gateway', 'trainer', 'registry', 'serving', 'reward'] as const).map((name) => bus.connect(name)),
  )) as [Mesh, Mesh, Mesh, Mesh, Mesh];
  const tokenizer = await bus.connect('tokenizer');
  tokenizer.listen(datasetPublished, async (input) => void published.push(input as InputOf<typeof datasetPublished>));
  trainer.listen(datasetRefused, async (input) => void refused.push(input as InputOf<typeof datasetRefused>));
  registry.listen(feedbackGiven, async (input) => void given.push(input as InputOf<typeof feedbackGiven>));
});

afterAll(async () => {
  await service?.stop();
  await bus?.stop();
  await rm(directory, { recursive: true, force: true });
});

async function until<T>(look: () => T | undefined | false | Promise<T | undefined | false>): Promise<T> {
  for (let tries = 0; tries < 600; tries++) {
    const found = await look();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error('waited fifteen seconds for nothing');
}

const chat = (question: string, answer: string) => ({
  messages: [
    { role: 'user', content: question },
    { role: 'assistant', content: answer },
  ],
});
const jsonl = (rows: unknown[]): string =>
  rows.map((row) => `${typeof row === 'string' ? row : JSON.stringify(row)}\n`).join('');
const subjects = ['sofa', 'lamp', 'desk', 'chair', 'rug', 'shelf', 'bench', 'mirror', 'clock', 'bed'];
const ten = (from: number) =>
  subjects.map((subject, index) =>
    chat(`What does the ${subject} number ${from + index} cost today?`, `It costs ${from + index} pounds.`),
  );
const put = async (rows: unknown[]): Promise<Digest> => (await store.put(jsonl(rows))).digest;

let builds = 0;
async function build(
  request: Omit<InputOf<typeof datasetBuild>, 'requestId' | 'base'> | Record<string, unknown>,
  times = 1,
) {
  const requestId = `ftjob-build-${++builds}`;
  for (let copy = 0; copy < times; copy++) {
    await trainer.send(datasetBuild, { requestId, base: 'tiny', ...request } as never, { id: `${requestId}-${copy}` });
  }
  return until(
    () => published.find((one) => one.requestId === requestId) ?? refused.find((one) => one.requestId === requestId),
  );
}
async function built(request: Record<string, unknown>, times = 1) {
  const answer = await build(request, times);
  if (!('dataset' in answer)) throw new Error(JSON.stringify(answer));
  return {
    ...(answer as InputOf<typeof datasetPublished>),
    manifest: await store.getManifest(answer.dataset as Digest, datasetManifest),
  };
}

describe('files', () => {
  const entry = async (id: string, purpose = 'fine-tune' as const) => {
    const { digest, bytes } = await store.put(jsonl(ten(1)));
    return { id, digest, bytes, filename: 'train.jsonl', purpose, createdAt: Number(id.at(-1)) };
  };

  it('get their id once, are listed in pages, and lose their name when deleted', async () => {
    for (const id of ['file-1', 'file-2', 'file-3']) {
      const file = await entry(id);
      expect(await gateway.request(fileRegister, file)).toMatchObject({ id, filename: 'train.jsonl' });
      expect(await gateway.request(fileRegister, file)).toMatchObject({ id });
    }
    const first = await gateway.request(fileList, { limit: 2 });
    expect(first).toMatchObject({ data: [{ id: 'file-3' }, { id: 'file-2' }], hasMore: true });
    expect(await gateway.request(fileList, { limit: 2, after: 'file-2' })).toMatchObject({
      data: [{ id: 'file-1' }],
      hasMore: false,
    });
    expect(await gateway.request(fileDelete, { id: 'file-2' })).toEqual({ id: 'file-2', deleted: true });
    await expect(gateway.request(fileGet, { id: 'file-2' })).rejects.toMatchObject({ status: 404 });
    await expect(gateway.request(fileDelete, { id: 'file-2' })).rejects.toMatchObject({ status: 404 });
    expect((await gateway.request(fileList, {})).data.map(({ id }) => id)).toEqual(['file-3', 'file-1']);
  });

  it('are refused when empty, when their bytes are not there, and when the id has other bytes', async () => {
    const file = await entry('file-9');
    await expect(gateway.request(fileRegister, { ...file, bytes: 0 })).rejects.toMatchObject({ code: 'empty_file' });
    await expect(gateway.request(fileRegister, { ...file, digest: digestOf('nowhere') })).rejects.toMatchObject({
      code: 'artifact_missing',
    });
    const other = { ...file, id: 'file-1', digest: (await store.put('other')).digest };
    await expect(gateway.request(fileRegister, other)).rejects.toMatchObject({ code: 'file_exists', status: 409 });
  });
});

describe('a dataset version', () => {
  it('has the same name for the same bytes and options, whoever asks and however often', async () => {
    const trainingFile = await put(ten(100));
    const first = await built({ trainingFile }, 3);
    const second = await built({ trainingFile });
    expect(second.dataset).toBe(first.dataset);
    expect(published.filter((one) => one.requestId === first.requestId)).toHaveLength(1);
    expect((await built({ trainingFile, seed: 1 })).dataset).not.toBe(first.dataset);
    expect(first.rows.train + first.rows.validation).toBe(10);
    expect(first.manifest.sources).toEqual([{ digest: trainingFile, role: 'training' }]);
  });

  it('leaves out repeated rows and rows that ask a question of the validation file, and counts them', async () => {
    const held = chat('Which lamp is the brightest one?', 'The tall lamp.');
    const trainingFile = await put([...ten(200), ten(200)[0], chat('Which lamp is the brightest one?', 'All are.')]);
    const { manifest, rows } = await built({ trainingFile, validationFile: await put([held]) });
    expect(rows).toMatchObject({ train: 10, validation: 1, refused: 2 });
    expect(manifest).toMatchObject({
      duplicates: 1,
      refused: { count: 2, first: [{ file: 'training', line: 11 }, { line: 12 }] },
    });
  });

  it('grows from its parent: the chunks are shared, the votes repeated, the validation rows untouched', async () => {
    const parent = await built({ trainingFile: await put(ten(300)), validationFile: await put(ten(400).slice(0, 3)) });
    const votes = await put([
      {
        ...chat('May I return a broken lamp?', 'Yes, for a full refund.'),
        origin: { kind: 'feedback', feedback: 'fb-1' },
      },
    ]);
    const child = await built({ parent: parent.dataset, feedbackRows: votes, feedbackRepeats: 4 });
    expect(child.parent).toBe(parent.dataset);
    expect(child.rows).toMatchObject({ train: 14, validation: 3, feedback: 1 });
    expect(child.manifest.splits.validation).toEqual(parent.manifest.splits.validation);
    expect(child.manifest.splits.train.chunks[0]).toEqual(parent.manifest.splits.train.chunks[0]);
    expect(child.manifest.sources).toEqual([{ digest: votes, role: 'feedback' }]);
  });

  it.each([
    ['a line that is not JSON', ['{"messages": [', ten(1)[1]], 'invalid_file', [1]],
    [
      'a wrong role',
      [
        ten(1)[0],
        {
          messages: [
            { role: 'wizard', content: 'x' },
            { role: 'assistant', content: 'y' },
          ],
        },
      ],
      'invalid_file',
      [2],
    ],
    [
      'only masked answers',
      [
        ten(1)[0],
        {
          messages: [
            { role: 'user', content: 'x' },
            { role: 'assistant', content: 'y', weight: 0 },
          ],
        },
      ],
      'invalid_file',
      [2],
    ],
    ['a line over the limit', [ten(1)[0], chat('x', 'y'.repeat(1024 * 1024))], 'invalid_file', [2]],
  ])('is refused for %s, with its line', async (_case, rows, code, lines) => {
    const answer = await build({ trainingFile: await put(rows) });
    expect(answer).toMatchObject({
      error: { code, param: 'training_file', details: { lines } },
      refused: [{ file: 'training', line: lines[0] }],
    });
    expect((answer as InputOf<typeof datasetRefused>).error.message).toContain(`training line ${lines[0]}:`);
  });

  it('keeps the good rows of a bad file when the caller is not strict', async () => {
    const { rows, manifest } = await built({
      trainingFile: await put(['{"messages": [', ...ten(500)]),
      validationFraction: 0,
      strict: false,
    });
    expect(rows).toMatchObject({ train: 10, refused: 1 });
    expect(manifest.refused.first).toMatchObject([{ line: 1 }]);
  });

  it('is refused for an empty file and for a file that leaves nothing to train on', async () => {
    expect(await build({ trainingFile: (await store.put('\n\n')).digest })).toMatchObject({
      error: { code: 'empty_file' },
    });
    const same = await put(ten(600));
    expect(await build({ trainingFile: same, validationFile: same })).toMatchObject({
      error: { code: 'no_training_rows' },
    });
  });

  it('is refused with the digest when an object is damaged', async () => {
    const trainingFile = await put(ten(700));
    const hex = trainingFile.slice('sha256:'.length);
    await writeFile(join(directory, 'objects', 'objects', hex.slice(0, 2), hex.slice(2)), 'damaged');
    const answer = await build({ trainingFile });
    expect(answer).toMatchObject({ error: { kind: 'fault', code: 'artifact_corrupt' } });
    expect((answer as InputOf<typeof datasetRefused>).error.message).toContain(trainingFile);
  });

  it('a command that is none goes to the dead letters and holds nothing up', async () => {
    const dead: string[] = [];
    trainer.unwrap().subscribe('hone.v1.curation.dead.>', {
      callback: (_error, msg) => void dead.push(msg.headers?.get('Hone-Dead-Code') ?? ''),
    });
    await trainer.flush();
    trainer.unwrap().publish(datasetBuild.subject, '{"requestId": 7}');
    expect((await built({ trainingFile: await put(ten(800)) })).rows.train).toBeGreaterThan(0);
    expect(await until(() => dead.length > 0 && dead)).toEqual(['invalid_message']);
  });
});

describe('feedback', () => {
  const turn = (id: string) => ({
    id,
    content: digestOf(id),
    model: 'ft:tiny:hone:desk:1',
    base: 'tiny',
    alias: 'desk',
    createdAt: 1,
  });
  const complete = (id: string) =>
    serving.emit(turnCompleted, { turn: turn(id), promptTokens: 1, completionTokens: 1, durationMs: 1 });
  const pairOf = async (feedback: string, isCorrection: boolean) => ({
    feedback,
    turn: `chatcmpl-${feedback}`,
    pair: await store.putManifest({
      messages: [{ role: 'user', content: `How is ${feedback} made?` }],
      chosen: `Of oak ${feedback}.`,
    }),
    base: 'tiny',
    model: 'ft:tiny:hone:desk:1',
    alias: 'desk',
    rating: isCorrection ? ('down' as const) : ('up' as const),
    chosenLogProb: -1,
  });
  async function correct(id: string): Promise<void> {
    await complete(`chatcmpl-${id}`);
    await gateway.request(feedbackGive, { id, turn: `chatcmpl-${id}`, rating: 'down', correction: `Of oak ${id}.` });
    for (let copy = 0; copy < 2; copy++) await reward.emit(pairMade, await pairOf(id, true), { id: `${id}-${copy}` });
  }

  it('waits for a turn that is still travelling, and is refused for one that never came', async () => {
    const giving = gateway.request(feedbackGive, {
      id: 'fb-early',
      turn: 'chatcmpl-early',
      rating: 'up',
      comment: 'nice',
    });
    await complete('chatcmpl-early');
    expect(await giving).toMatchObject({ id: 'fb-early', rating: 'up' });
    const told = await until(() => given.find(({ feedback }) => feedback.id === 'fb-early'));
    expect(told).toMatchObject({ turn: { alias: 'desk', model: 'ft:tiny:hone:desk:1' } });
    await expect(
      gateway.request(feedbackGive, { id: 'fb-never', turn: 'chatcmpl-never', rating: 'up' }),
    ).rejects.toMatchObject({
      code: 'turn_not_found',
      status: 404,
    });
  });

  it('leads to one retraining of its alias, on the rows of the votes, with the settings of the incumbent', async () => {
    dataset = (await built({ trainingFile: await put(ten(900)) })).dataset;
    registry.listen(aliasGet, async () => ({ name: 'desk', model: 'ft:tiny:hone:desk:1', reason: 'x', movedAt: 1 }));
    registry.listen(modelGet, async () => ({
      name: 'ft:tiny:hone:desk:1',
      kind: 'adapter',
      manifest: digestOf('m'),
      fingerprint: digestOf('f'),
      createdAt: 1,
      base: 'tiny',
      alias: 'desk',
      job: 'ftjob-1',
      dataset,
    }));
    const stored = (id: string) => ({
      id,
      status: 'queued',
      model: 'tiny',
      method: 'supervised',
      hyperparameters: { n_epochs: 7 },
      seed: 42,
      createdAt: 1,
    });
    trainer.listen(jobGet, async (input) => stored((input as { id: string }).id));
    trainer.listen(jobCreate, async (input) => {
      const job = input as InputOf<typeof jobCreate>;
      jobs.set(job.id, job);
      return stored(job.id);
    });
    await Promise.all([registry.flush(), trainer.flush()]);
    for (const id of ['fb-a', 'fb-b', 'fb-c']) await correct(id);
    const [job] = await until(() => jobs.size > 0 && [...jobs.values()]);
    expect(job).toMatchObject({ model: 'tiny', suffix: 'desk', seed: 42, hyperparameters: { n_epochs: 7 } });
    expect(job?.retrain).toMatchObject({ parentDataset: dataset, incumbent: 'ft:tiny:hone:desk:1' });
    const rows = new TextDecoder()
      .decode(await store.get(job?.retrain?.feedbackRows as Digest))
      .trim()
      .split('\n');
    expect(rows.map((row) => (JSON.parse(row) as { origin: { feedback: string } }).origin.feedback)).toEqual([
      'fb-a',
      'fb-b',
      'fb-c',
    ]);
  });

  it('collects while a job is under way, survives a restart, and retrains again after the decision', async () => {
    const [first] = [...jobs.keys()];
    for (const id of ['fb-d', 'fb-e', 'fb-f']) await correct(id);
    await service.stop();
    service = await start();
    expect([...jobs.keys()]).toEqual([first]);
    const decided = {
      model: 'ft:tiny:hone:desk:2',
      alias: 'desk',
      job: first ?? '',
      state: 'promoted' as const,
      evaluation: 'eval-1',
      reason: 'better',
    };
    for (let copy = 0; copy < 2; copy++) await registry.emit(adapterDecided, decided, { id: `decided-${copy}` });
    const second = await until(() => [...jobs.keys()].find((id) => id !== first));
    const rows = new TextDecoder()
      .decode(await store.get(jobs.get(second)?.retrain?.feedbackRows as Digest))
      .trim()
      .split('\n');
    expect(rows).toHaveLength(3);
  });

  it('of a cancelled job is learnt together with the next', async () => {
    const before = new Set(jobs.keys());
    const running = [...before].at(-1) ?? '';
    await trainer.emit(runFailed, { job: running, status: 'cancelled', alias: 'desk' });
    for (const id of ['fb-g', 'fb-h', 'fb-i']) await correct(id);
    const next = await until(() => [...jobs.keys()].find((id) => !before.has(id)));
    const rows = new TextDecoder()
      .decode(await store.get(jobs.get(next)?.retrain?.feedbackRows as Digest))
      .trim()
      .split('\n');
    expect(rows).toHaveLength(6);
  });
});
