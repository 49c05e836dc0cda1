// Goal: the tokenizer's promises as others see them. Method: the built service as a process of its own (its chat templates run in
// a worker thread), a real nats-server, a directory store, and the real vocabulary and template of hone-tiny.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ArtifactStore, DirectoryDriver } from '@hone/artifacts';
import { type Digest, digestOf, refusal } from '@hone/base';
import {
  datasetPublished,
  type InputOf,
  modelGet,
  shardsManifest,
  shardsPublished,
  shardsRefused,
} from '@hone/contracts';
import { readShard } from '@hone/data';
import type { Mesh } from '@hone/mesh';
import { type Bus, repositoryRoot, startBus } from '@hone/testkit';
import { Tokenizer } from '@hone/text';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

let bus: Bus;
let directory: string;
let store: ArtifactStore;
let child: ChildProcess;
let curation: Mesh;
let tokenizer: Tokenizer;
const published: InputOf<typeof shardsPublished>[] = [];
const refused: InputOf<typeof shardsRefused>[] = [];
const fingerprint = digestOf('hone-tiny');
const tiny = join(repositoryRoot, 'examples/hone-tiny');

beforeAll(async () => {
  bus = await startBus();
  directory = await mkdtemp(join(tmpdir(), 'hone-tokenizer-'));
  const objects = join(directory, 'objects');
  store = new ArtifactStore(new DirectoryDriver(objects));
  tokenizer = await Tokenizer.fromFolder(tiny);
  child = spawn(process.execPath, [join(repositoryRoot, 'services/tokenizer/dist/main.js')], {
    env: {
      ...process.env,
      HONE_NATS_URL: bus.nats.url,
      HONE_STORE: `directory:${objects}`,
      HONE_HOME: directory,
      HONE_LOCAL_TRACES: 'false',
      HONE_LOG_LEVEL: 'silent',
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [registry, trainer] = await Promise.all([bus.connect('registry'), bus.connect('trainer')]);
  curation = await bus.connect('data-curation');
  const bases = new Map<string, Digest>([
    ['hone-tiny', await base(512)],
    ['hone-short', await base(24)],
    ['hone-hostile', await base(512, '{% for i in range(1000000000) %}x{% endfor %}')],
  ]);
  registry.listen(modelGet, async (input) => {
    const { name } = input as { name: string };
    if (!bases.has(name)) throw refusal('model_not_found', `no model ${name}`, { status: 404 });
    return { name, kind: 'base', manifest: bases.get(name), fingerprint, createdAt: 1 };
  });
  trainer.listen(shardsPublished, async (input) => void published.push(input as InputOf<typeof shardsPublished>));
  trainer.listen(shardsRefused, async (input) => void refused.push(input as InputOf<typeof shardsRefused>));
});

afterAll(async () => {
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await gone;
  await bus?.stop();
  await rm(directory, { recursive: true, force: true });
});

/** The manifest of a base with hone-tiny's vocabulary, perhaps with another template. */
async function base(contextLength: number, template?: string): Promise<Digest> {
  const names = ['tokenizer.json', 'tokenizer_config.json', 'generation_config.json'];
  const files = await Promise.all(
    names.map(async (path) => ({ path, ...(await store.put(await readFile(join(tiny, path)))) })),
  );
  if (template) files.push({ path: 'chat_template.jinja', ...(await store.put(template)) });
  return store.putManifest({ kind: 'base', files, architecture: 'llama', parameters: 1, contextLength, fingerprint });
}

const chat = (question: string, answer: string, weight?: 0) => ({
  messages: [
    { role: 'user', content: question },
    { role: 'assistant', content: answer, ...(weight === undefined ? {} : { weight }) },
  ],
  origin: { line: 1 },
});

async function dataset(rows: unknown[], validation: unknown[] = []): Promise<Digest> {
  const split = async (lines: unknown[]) => {
    const { digest, bytes } = await store.put(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    return { rows: lines.length, chunks: lines.length === 0 ? [] : [{ digest, rows: lines.length, bytes }] };
  };
  return store.putManifest({
    kind: 'dataset',
    sources: [],
    options: { validationFraction: 0, seed: 0, feedbackRepeats: 1 },
    splits: { train: await split(rows), validation: await split(validation) },
    refused: { count: 0, first: [] },
  });
}

let requests = 0;
async function tokenize(
  rows: unknown[],
  validation: unknown[] = [],
  baseName = 'hone-tiny',
  times = 1,
  before: () => Promise<void> = async () => {},
) {
  const requestId = `ftjob-${++requests}`;
  const event = {
    requestId,
    dataset: await dataset(rows, validation),
    base: baseName,
    rows: { train: 1, validation: 0, refused: 0, feedback: 0 },
  };
  await before();
  for (let copy = 0; copy < times; copy++) await curation.emit(datasetPublished, event, { id: `${requestId}-${copy}` });
  for (let tries = 0; tries < 800; tries++) {
    const found =
      published.find((one) => one.requestId === requestId) ?? refused.find((one) => one.requestId === requestId);
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error('waited twenty seconds for nothing');
}
async function tokenized(...args: Parameters<typeof tokenize>) {
  const found = await tokenize(...args);
  if (!('shards' in found)) throw new Error(JSON.stringify(found));
  return {
    ...(found as InputOf<typeof shardsPublished>),
    manifest: await store.getManifest(found.shards as Digest, shardsManifest),
  };
}

describe('the shards of a dataset version', () => {
  it('hold the rows in order with the answers alone to learn, for training and validation', async () => {
    const rows = [chat('Where is my sofa?', 'It is on its way.'), chat('May I return it?', 'Yes, for thirty days.')];
    const { manifest, tokens } = await tokenized(rows, [chat('And the lamp?', 'The lamp too.')]);
    expect(manifest).toMatchObject({ base: fingerprint, tokenizer: tokenizer.digest, lengthMax: 512, dropped: [] });
    const [file] = manifest.splits.train;
    const shard = readShard(await store.get(file?.digest as Digest));
    expect(shard.length).toBe(2);
    expect(tokens).toMatchObject({ train: shard.tokenCount, trainable: shard.trainableCount });
    const learnt = (row: number) =>
      tokenizer.decode([...shard.tokens(row)].filter((_id, at) => shard.labelsMask(row)[at] === 1)).trim();
    expect([learnt(0), learnt(1)]).toEqual(['It is on its way.', 'Yes, for thirty days.']);
    expect(readShard(await store.get(manifest.splits.validation[0]?.digest as Digest)).length).toBe(1);
  });

  it('have the same name for the same version and base, and are told once however often they are asked for', async () => {
    const rows = [chat('Do you deliver on Sunday?', 'Only on working days.')];
    const first = await tokenized(rows, [], 'hone-tiny', 3);
    const second = await tokenized(rows);
    expect(second.shards).toBe(first.shards);
    expect(published.filter(({ requestId }) => requestId === first.requestId)).toHaveLength(1);
  });

  it('take prompt and completion, plain text and the better answer of a preference', async () => {
    const preference = { messages: [{ role: 'user', content: 'Is it oak?' }], chosen: 'Yes, oak.', rejected: 'No.' };
    const { manifest } = await tokenized([
      { prompt: 'A sofa', completion: ' is soft.' },
      { text: 'A lamp is bright.' },
      preference,
    ]);
    expect(manifest.splits.train).toMatchObject([{ sequences: 3 }]);
  });

  it('leave out rows over the context whole and say which', async () => {
    const long = chat('Tell me everything about delivery.', 'It takes a while. '.repeat(20).trim());
    const { manifest } = await tokenized([long, chat('Hi?', 'Hello.')], [], 'hone-short');
    expect(manifest).toMatchObject({ droppedCount: 1, dropped: [{ split: 'train', row: 1 }] });
    expect(manifest.dropped[0]?.reason).toMatch(/expected at most 24 tokens but received \d+/);
    expect(manifest.splits.train).toMatchObject([{ sequences: 1 }]);
  });
});

describe('a dataset version is refused', () => {
  it('when every answer is masked', async () => {
    expect(await tokenize([chat('Hi?', 'Hello.', 0)])).toMatchObject({
      error: { kind: 'refusal', code: 'all_masked' },
    });
  });

  it('when every row is over the context', async () => {
    const long = chat('Hi?', 'It takes a while. '.repeat(20).trim());
    expect(await tokenize([long], [], 'hone-short')).toMatchObject({ error: { code: 'too_long' } });
  });

  it('when its base is unknown', async () => {
    expect(await tokenize([chat('Hi?', 'Hello.')], [], 'nobody')).toMatchObject({ error: { code: 'model_not_found' } });
  });

  it('with the digest when a chunk is damaged', async () => {
    const row = chat('Is this row whole?', 'It was.');
    const { digest } = await store.put(`${JSON.stringify(row)}\n`);
    const hex = digest.slice('sha256:'.length);
    const damage = () => writeFile(join(directory, 'objects/objects', hex.slice(0, 2), hex.slice(2)), 'damaged');
    const answer = await tokenize([row], [], 'hone-tiny', 1, damage);
    expect(answer).toMatchObject({ error: { kind: 'fault', code: 'artifact_corrupt', details: { digest } } });
    expect((answer as InputOf<typeof shardsRefused>).error.message).toContain(digest);
  });

  it('when the template does not come to an end, within the limits of its worker', async () => {
    const answer = await tokenize([chat('Hi?', 'Hello.')], [], 'hone-hostile');
    expect(answer).toMatchObject({ error: { kind: 'refusal', code: 'template_refused' } });
    expect((await tokenized([chat('Hi?', 'Hello again.')])).tokens.train).toBeGreaterThan(0);
  });
});
