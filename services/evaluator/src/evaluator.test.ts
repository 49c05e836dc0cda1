// Goal: the evaluator's promises as others see them. Method: the real service on a real nats-server with a directory store; the
// registry, serving, curation and the gateway are plain connections to the same bus. "good" knows every answer, "bad" none.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ArtifactStore, DirectoryDriver } from '@hone/artifacts';
import { type Digest, refusal } from '@hone/base';
import {
  adapterRegistered,
  answerScore,
  chatComplete,
  evaluationCreate,
  type EvaluationEntry,
  evaluationFinished,
  evaluationGet,
  evaluationList,
  fileGet,
  type GenerationFrame,
  type InputOf,
  modelGet,
} from '@hone/contracts';
import type { Mesh } from '@hone/mesh';
import { makeLog, type RunningService, startService } from '@hone/service-kit';
import { type Bus, startBus } from '@hone/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { EvaluatorModule } from './evaluator.module.js';
import { evaluatorSettings } from './settings.js';

let bus: Bus;
let directory: string;
let store: ArtifactStore;
let service: RunningService;
let gateway: Mesh;
let registry: Mesh;
const finished: EvaluationEntry[] = [];
const files = new Map<string, Digest>();
let unknownTimes = 0;
let scoreRequests = 0;

const answerTo = (question: string): string => `The answer to ${question}`;
const lastQuestion = (messages: readonly { content?: string | null | undefined }[]): string =>
  messages.at(-1)?.content ?? '';

beforeAll(async () => {
  bus = await startBus();
  directory = await mkdtemp(join(tmpdir(), 'hone-evaluator-'));
  store = new ArtifactStore(new DirectoryDriver(join(directory, 'objects')));
  service = await startService({
    name: 'evaluator',
    module: EvaluatorModule,
    settings: evaluatorSettings,
    environment: {
      HONE_NATS_URL: bus.nats.url,
      HONE_STORE: `directory:${join(directory, 'objects')}`,
      HONE_HOME: directory,
      HONE_LOCAL_TRACES: 'false',
    },
    log: makeLog('evaluator', 'silent'),
  });
  const [serving, curation] = await Promise.all([bus.connect('serving'), bus.connect('data-curation')]);
  [gateway, registry] = await Promise.all([bus.connect('gateway'), bus.connect('registry')]);
  registry.listen(evaluationFinished, async (input) => {
    finished.push((input as InputOf<typeof evaluationFinished>).evaluation);
  });
  registry.listen(modelGet, async (input) => {
    const { name } = input as { name: string };
    if (name === 'nobody') throw refusal('model_not_found', 'no such model', { status: 404 });
    return { name, kind: 'base', manifest: await datasetOf(1), fingerprint: await datasetOf(1), createdAt: 1 };
  });
  curation.listen(fileGet, async (input) => {
    const { id } = input as { id: string };
    return { id, digest: files.get(id), bytes: 1, filename: 'held.jsonl', purpose: 'evals', createdAt: 1 };
  });
  serving.listen(answerScore, async (input) => {
    const { model, items } = input as InputOf<typeof answerScore>;
    scoreRequests++;
    if (unknownTimes-- > 0) throw refusal('model_not_found', 'not yet', { status: 404 });
    return {
      scores: items.map((_item, row) => ({ logProb: model === 'good' ? -5 - (row % 3) : -50 - (row % 7), tokens: 10 })),
    };
  });
  serving.listen(chatComplete, (input) => Promise.resolve(frames(input as InputOf<typeof chatComplete>)));
  await Promise.all([serving.flush(), registry.flush(), curation.flush()]);
});

async function* frames({ model, messages, sampling }: InputOf<typeof chatComplete>): AsyncGenerator<GenerationFrame> {
  expect(sampling.temperature).toBe(0);
  const answer = model === 'good' ? answerTo(lastQuestion(messages)) : 'I do not know.';
  yield { type: 'start', model, base: 'tiny', promptTokens: 1, fingerprint: 'x' };
  for (const text of [answer.slice(0, 4), answer.slice(4)]) yield { type: 'delta', index: 0, text };
  yield { type: 'finish', index: 0, reason: 'stop', completionTokens: 3 };
}

afterAll(async () => {
  await service?.stop();
  await bus?.stop();
  await rm(directory, { recursive: true, force: true });
});

const rowsOf = (count: number): string =>
  Array.from({ length: count }, (_, row) => {
    const question = `question ${row}?`;
    return `${JSON.stringify({
      messages: [
        { role: 'user', content: question },
        { role: 'assistant', content: answerTo(question) },
      ],
    })}\n`;
  }).join('');

async function datasetOf(rows: number): Promise<Digest> {
  const { digest, bytes } = await store.put(rowsOf(rows));
  return store.putManifest({
    kind: 'dataset',
    sources: [],
    options: { validationFraction: 0, seed: 0, feedbackRepeats: 1 },
    splits: {
      train: { rows: 0, chunks: [] },
      validation: { rows, chunks: rows === 0 ? [] : [{ digest, rows, bytes }] },
    },
    refused: { count: 0, first: [] },
  });
}

async function until<T>(look: () => T | undefined): Promise<T> {
  for (let tries = 0; tries < 800; tries++) {
    const found = look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error('waited twenty seconds for nothing');
}

async function registered(
  job: string,
  model: string,
  incumbent: string,
  rows: number,
  times = 1,
  before: () => Promise<void> = async () => {},
): Promise<EvaluationEntry> {
  const dataset = await datasetOf(rows);
  await before();
  const event = { model, base: 'tiny', alias: 'desk', incumbent, job, dataset, manifest: dataset };
  for (let copy = 0; copy < times; copy++) await registry.emit(adapterRegistered, event, { id: `${job}-${copy}` });
  return until(() => finished.find((entry) => entry.job === job));
}

describe('a registered candidate', () => {
  it('is measured once against the incumbent, and the verdict rests on evidence', async () => {
    const entry = await registered('ftjob-1', 'good', 'bad', 60, 3);
    expect(entry).toMatchObject({
      status: 'succeeded',
      verdict: 'better',
      candidate: 'good',
      incumbent: 'bad',
      alias: 'desk',
    });
    const [good, bad] = entry.results;
    expect(good).toMatchObject({ model: 'good', rows: 60, tokens: 600, exactMatch: { value: 1 } });
    expect(bad).toMatchObject({ model: 'bad', exactMatch: { value: 0 } });
    expect(good?.perplexity.high).toBeLessThan(bad?.perplexity.low ?? 0);
    const evidence = await store.getManifest(
      entry.evidence as Digest,
      z.looseObject({ rows: z.array(z.looseObject({})) }),
    );
    expect(evidence.rows).toHaveLength(60);
    expect(evidence.rows[0]).toMatchObject({
      answer: 'The answer to question 0?',
      candidate: { isExact: true },
      incumbent: { isExact: false },
    });
    expect(finished.filter(({ job }) => job === 'ftjob-1')).toHaveLength(1);
    expect(await gateway.request(evaluationGet, { id: entry.id })).toEqual(entry);
  });

  it('that is worse is called so, and one that is the same is inconclusive', async () => {
    expect(await registered('ftjob-2', 'bad', 'good', 60)).toMatchObject({ verdict: 'worse' });
    expect(await registered('ftjob-3', 'good', 'good2', 60)).toMatchObject({ verdict: 'better' });
    expect(await registered('ftjob-4', 'bad', 'bad2', 60)).toMatchObject({ verdict: 'inconclusive' });
  });

  it('without held-out rows fails with the reason', async () => {
    expect(await registered('ftjob-5', 'good', 'bad', 0)).toMatchObject({
      status: 'failed',
      error: { code: 'nothing_to_evaluate_on' },
    });
  });

  it('whose held-out rows are damaged fails with their digest', async () => {
    const { digest } = await store.put(rowsOf(5));
    const hex = digest.slice('sha256:'.length);
    const damage = () => writeFile(join(directory, 'objects/objects', hex.slice(0, 2), hex.slice(2)), 'damaged');
    const entry = await registered('ftjob-damaged', 'good', 'bad', 5, 1, damage);
    expect(entry).toMatchObject({ status: 'failed', error: { code: 'artifact_corrupt', details: { digest } } });
  });

  it('that serving does not know yet is asked again', async () => {
    unknownTimes = 1;
    expect(await registered('ftjob-6', 'good', 'bad', 9)).toMatchObject({ status: 'succeeded' });
  });

  it('that serving never knows fails with that', async () => {
    unknownTimes = 3;
    expect(await registered('ftjob-7', 'good', 'bad', 9)).toMatchObject({
      status: 'failed',
      error: { code: 'model_not_found' },
    });
    unknownTimes = 0;
  });
});

describe('an evaluation by hand', () => {
  it('measures a model on a file, in messages that fit', async () => {
    files.set('file-held', (await store.put(rowsOf(70))).digest);
    scoreRequests = 0;
    const queued = await gateway.request(evaluationCreate, { id: 'eval-hand', candidate: 'good', file: 'file-held' });
    expect(queued).toMatchObject({ status: 'queued' });
    const entry = await until(() => finished.find(({ id }) => id === 'eval-hand'));
    expect(entry).toMatchObject({ status: 'succeeded', results: [{ model: 'good', rows: 70 }] });
    expect(entry).not.toHaveProperty('verdict');
    expect(scoreRequests).toBe(3);
  });

  it('names the line of a bad row', async () => {
    files.set('file-bad', (await store.put(`${rowsOf(1)}{"messages": 7}\n`)).digest);
    await gateway.request(evaluationCreate, { id: 'eval-bad', candidate: 'good', file: 'file-bad' });
    const entry = await until(() => finished.find(({ id }) => id === 'eval-bad'));
    expect(entry).toMatchObject({ status: 'failed', error: { code: 'invalid_file', details: { lines: [2] } } });
  });

  it('is refused without rows and for unknown models', async () => {
    await expect(gateway.request(evaluationCreate, { id: 'eval-x', candidate: 'good' })).rejects.toMatchObject({
      code: 'nothing_to_evaluate_on',
    });
    await expect(
      gateway.request(evaluationCreate, { id: 'eval-y', candidate: 'nobody', file: 'file-held' }),
    ).rejects.toMatchObject({ status: 404 });
    await expect(gateway.request(evaluationGet, { id: 'eval-x' })).rejects.toMatchObject({ status: 404 });
  });

  it('is listed with the others of its candidate, newest first', async () => {
    const { data } = await gateway.request(evaluationList, { candidate: 'bad' });
    expect(data.map(({ job }) => job).sort()).toEqual(['ftjob-2', 'ftjob-4']);
  });
});
