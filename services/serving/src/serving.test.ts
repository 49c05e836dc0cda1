// Goal: the service keeps its word on the bus. Method: its own process (the built dist) beside a real nats-server and a real
// store, over a model with random weights and a real vocabulary.
import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ArtifactStore, openStore, putFile } from '@hone/artifacts';
import { digestOfBytes, type HoneError, modelFingerprint } from '@hone/base';
import {
  aliasEntry,
  answerScore,
  chatComplete,
  type ExperimentEntry,
  experimentEntry,
  type GenerationFrame,
  ledgers,
  modelCheck,
  modelEntry,
  textComplete,
  turnCompleted,
} from '@hone/contracts';
import type { Mesh } from '@hone/mesh';
import { init } from '@hone/tensor';
import { z } from 'zod';
import {
  type Bus,
  emulatedCardEnvironment,
  freePort,
  repositoryRoot,
  startBus,
  storeAdapter,
  storeBase,
  writeRandomAdapter,
  writeRandomModel,
} from '@hone/testkit';

init();

const folder = mkdtempSync(join(tmpdir(), 'hone-serving-'));
/** It takes time alone, and little memory. */
const endlessTemplate = '{% for i in range(99999) %}{% for j in range(9999) %}{% endfor %}{% endfor %}';
const children = new Set<ChildProcess>();
let bus: Bus;
let store: ArtifactStore;
let gateway: Mesh;
let registry: Mesh;
const turns: z.output<typeof turnCompleted.input>[] = [];

interface Serving {
  child: ChildProcess;
  log: () => string;
  exited: Promise<number | null>;
}

async function startServing(settings: Record<string, string> = {}): Promise<Serving> {
  const port = await freePort();
  const child = spawn(process.execPath, [join(repositoryRoot, 'services/serving/dist/main.js')], {
    env: {
      ...process.env,
      HONE_NATS_URL: bus.nats.url,
      HONE_HOME: join(folder, 'home'),
      HONE_STORE: `directory:${join(folder, 'objects')}`,
      HONE_HEALTH_PORT: String(port),
      HONE_THREADS: '1',
      ...settings,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.add(child);
  let log = '';
  child.stdout.on('data', (chunk: Buffer) => (log += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
  const exited = new Promise<number | null>((resolve) =>
    child.once('exit', (code) => {
      children.delete(child);
      resolve(code);
    }),
  );
  for (let tries = 0; tries < 300; tries++) {
    if (child.exitCode !== null) throw new Error(`serving ended at once:\n${log}`);
    const ready = await fetch(`http://127.0.0.1:${port}/health/ready`).catch(() => undefined);
    if (ready?.ok) return { child, log: () => log, exited };
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`serving is not ready:\n${log}`);
}

async function stopServing({ child, exited }: Serving): Promise<number | null> {
  child.kill('SIGTERM');
  return exited;
}

interface Told {
  start: Extract<GenerationFrame, { type: 'start' }>;
  text: string;
  logprobs: NonNullable<Extract<GenerationFrame, { type: 'delta' }>['logprobs']>;
  finish: Extract<GenerationFrame, { type: 'finish' }>;
}

async function told(frames: AsyncIterable<GenerationFrame>): Promise<Told> {
  const result: Partial<Told> & Pick<Told, 'text' | 'logprobs'> = { text: '', logprobs: [] };
  for await (const frame of frames) {
    if (frame.type === 'start') result.start = frame;
    else if (frame.type === 'finish') result.finish = frame;
    else {
      result.text += frame.text;
      result.logprobs.push(...(frame.logprobs ?? []));
    }
  }
  return result as Told;
}

let count = 0;
const ask = (model: string, more: { user?: string; sampling?: object; store?: boolean; n?: number } = {}) => ({
  requestId: `chatcmpl-${++count}`,
  model,
  messages: [{ role: 'user' as const, content: 'How do I return a lamp?' }],
  n: 1,
  ...more,
  sampling: { temperature: 0, tokensMax: 12, ...more.sampling },
});

const chat = (model: string, more: Parameters<typeof ask>[1] = {}) =>
  told(gateway.requestStream(chatComplete, ask(model, more)));

const refusedBy = async (work: Promise<unknown>): Promise<HoneError> =>
  work.then(
    () => {
      throw new Error('expected a refusal');
    },
    (error: unknown) => error as HoneError,
  );

async function seesModel(name: string): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if (
      await chat(name, { sampling: { tokensMax: 1 }, store: false }).then(
        () => true,
        () => false,
      )
    )
      return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`serving never saw ${name}`);
}

const modelId = (name: string): string => digestOfBytes(name).slice('sha256:'.length);
const models = () => registry.ledger(ledgers.models, 'model', modelEntry);
const aliases = () => registry.ledger(ledgers.models, 'alias', aliasEntry);
const experiments = () => registry.ledger(ledgers.models, 'experiment', experimentEntry);

async function registerModels(): Promise<void> {
  const plain = await writeRandomModel(join(folder, 'random'), { seed: 1 });
  const other = await writeRandomModel(join(folder, 'other'), { seed: 2 });
  const base = await storeBase(store, plain);
  const foreign = await storeBase(store, other);
  const long = await writeRandomModel(join(folder, 'long'), { seed: 3, contextLength: 4096 });
  const endless = join(folder, 'endless');
  cpSync(plain, endless, { recursive: true });
  writeFileSync(join(endless, 'chat_template.jinja'), endlessTemplate);
  const slow = join(folder, 'slow');
  cpSync(plain, slow, { recursive: true });
  const tokenizer = JSON.parse(readFileSync(join(plain, 'tokenizer.json'), 'utf8')) as object;
  // Cubic in the spaces of a text; honest patterns have as many repetitions in a row.
  const split = { type: 'Split', pattern: { Regex: '\\s+\\s+x' }, behavior: 'Isolated', invert: false };
  writeFileSync(join(slow, 'tokenizer.json'), JSON.stringify({ ...tokenizer, pre_tokenizer: split }));
  const createdAt = 1;
  const entry = { kind: 'base' as const, createdAt, evidence: [] };
  await models().create(modelId('random'), { ...entry, name: 'random', ...base });
  await models().create(modelId('other'), { ...entry, name: 'other', ...foreign });
  await models().create(modelId('long'), { ...entry, name: 'long', ...(await storeBase(store, long)) });
  await models().create(modelId('endless'), { ...entry, name: 'endless', ...(await storeBase(store, endless)) });
  await models().create(modelId('slow'), { ...entry, name: 'slow', ...(await storeBase(store, slow)) });
  for (const [index, name] of ['ft:random:hone:desk:a', 'ft:random:hone:desk:b'].entries()) {
    const adapter = await writeRandomAdapter(plain, join(folder, `adapter-${index}`), 10 + index);
    const manifest = await storeAdapter(store, adapter, base.fingerprint, { method: 'lora' });
    const { fingerprint } = base;
    await models().create(modelId(name), {
      name,
      kind: 'adapter',
      manifest,
      fingerprint,
      createdAt,
      base: 'random',
      evidence: [],
    });
  }
  const manifest = await storeAdapter(store, join(folder, 'adapter-0'), base.fingerprint, { method: 'qlora' });
  const four = { name: 'ft:random:hone:desk:nf4', kind: 'adapter' as const, manifest, fingerprint: base.fingerprint };
  await models().create(modelId(four.name), { ...four, createdAt, base: 'random', evidence: [] });
  const strange = { ...four, name: 'ft:other:hone:desk:x', base: 'other', createdAt, evidence: [] };
  await models().create(modelId(strange.name), strange);
  await aliases().create('desk', { name: 'desk', model: 'ft:random:hone:desk:a', reason: 'test', movedAt: 1 });
}

beforeAll(async () => {
  bus = await startBus();
  store = await openStore(`directory:${join(folder, 'objects')}`);
  gateway = await bus.connect('gateway');
  registry = await bus.connect('registry');
  await registerModels();
  const curation = await bus.connect('data-curation');
  curation.listen(turnCompleted, async (input) => void turns.push(input as (typeof turns)[number]));
});

afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await bus.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('serving', () => {
  let serving: Serving;
  beforeAll(async () => {
    serving = await startServing();
  });
  afterAll(async () => {
    expect(await stopServing(serving)).toBe(0);
  });

  it('answers a chat in frames and keeps the turn by its words', async () => {
    const request = ask('random');
    const answer = await told(gateway.requestStream(chatComplete, request));
    expect(answer.start).toMatchObject({ model: 'random', base: 'random' });
    expect(answer.start.promptTokens).toBeGreaterThan(5);
    expect(answer.text).not.toBe('');
    expect(answer.finish).toMatchObject({ index: 0, completionTokens: expect.any(Number) });
    for (let tries = 0; tries < 100 && !turns.some(({ turn }) => turn.id === request.requestId); tries++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const turn = turns.find((event) => event.turn.id === request.requestId);
    expect(turn?.turn).toMatchObject({ model: 'random', base: 'random' });
    const content = await store.getManifest(turn?.turn.content ?? 'sha256:', z.looseObject({ answer: z.string() }));
    expect(content).toEqual({ messages: request.messages, answer: answer.text });
    expect(turn?.completionTokens).toBe(answer.finish.completionTokens);
  });

  it('serves a base, its adapters in two weight formats and mixes of them with the same words as alone', async () => {
    const names = ['random', 'ft:random:hone:desk:a', 'ft:random:hone:desk:b', 'ft:random:hone:desk:nf4', 'other'];
    const alone: string[] = [];
    for (const name of names) alone.push((await chat(name)).text);
    expect(new Set([alone[0], alone[1], alone[2]]).size).toBe(3);
    const together = await Promise.all([...names, ...names].map(async (name) => (await chat(name)).text));
    expect(together).toEqual([...alone, ...alone]);
  });

  it('follows an alias to its model and to the next one when it moves', async () => {
    const before = await chat('desk');
    expect(before.start).toMatchObject({ model: 'ft:random:hone:desk:a', alias: 'desk' });
    await aliases().change('desk', (alias) => ({ ...alias, model: 'ft:random:hone:desk:b', previous: alias.model }));
    let after = await chat('desk');
    for (let tries = 0; tries < 100 && after.start.model === before.start.model; tries++) after = await chat('desk');
    expect(after.start.model).toBe('ft:random:hone:desk:b');
    expect(after.text).toBe((await chat('ft:random:hone:desk:b')).text);
  });

  it('keeps each user on one arm of a running experiment', async () => {
    const arms = [
      { name: 'control', model: 'ft:random:hone:desk:a', weight: 1 },
      { name: 'treatment', model: 'ft:random:hone:desk:b', weight: 1 },
    ];
    const entry: ExperimentEntry = { name: 'trial', alias: 'desk', arms, status: 'running', createdAt: 1, votes: {} };
    await experiments().create('trial', entry);
    let first = await chat('desk', { user: 'u0' });
    for (let tries = 0; tries < 100 && first.start.arm === undefined; tries++)
      first = await chat('desk', { user: 'u0' });
    const users = Array.from({ length: 12 }, (_, index) => `u${index}`);
    const armOf = async (user: string) => (await chat('desk', { user, sampling: { tokensMax: 1 } })).start.arm;
    const once = await Promise.all(users.map(armOf));
    expect(await Promise.all(users.map(armOf))).toEqual(once);
    expect(new Set(once)).toEqual(new Set(['control', 'treatment']));
    await experiments().change('trial', (value) => ({ ...value, status: 'concluded' }));
  });

  it('refuses an unknown model with a suggestion and an adapter of another base by its fingerprint', async () => {
    const unknown = await refusedBy(chat('randon'));
    expect(unknown).toMatchObject({ kind: 'refusal', code: 'model_not_found', status: 404 });
    expect(unknown.message).toContain('did you mean "random"');
    const wrong = await refusedBy(chat('ft:other:hone:desk:x'));
    expect(wrong).toMatchObject({ kind: 'refusal', code: 'wrong_base', param: 'model' });
  });

  it('refuses a base whose template never ends by the name of the template, and answers the others meanwhile', async () => {
    const alone = (await chat('random')).text;
    const first = await refusedBy(chat('endless'));
    expect(first).toMatchObject({ kind: 'refusal', code: 'template_timeout' });
    expect(first.details?.['template']).toMatch(/^sha256:/);
    // Its template is known now: whoever asks for it waits apart from the others.
    let told = 0;
    const stuck = Array.from({ length: 3 }, () => refusedBy(chat('endless')).then(() => told++));
    for (let round = 0; round < 3; round++) expect((await chat('random')).text).toBe(alone);
    expect(told).toBeLessThan(3);
    await Promise.all(stuck);
    expect((await chat('random')).text).toBe(alone);
  });

  it('refuses a stored base that could never answer, and leaves nothing of it on this machine', async () => {
    const plain = join(folder, 'random');
    const check = async (change: Record<string, string>): Promise<void> => {
      const changed = mkdtempSync(join(folder, 'changed-'));
      cpSync(plain, changed, { recursive: true });
      for (const [name, text] of Object.entries(change)) writeFileSync(join(changed, name), text);
      const files = await Promise.all(readdirSync(changed).map((name) => putFile(store, join(changed, name), name)));
      const manifest = { kind: 'base', files, architecture: 'LlamaForCausalLM', parameters: 1, contextLength: 256 };
      const digest = await store.putManifest({ ...manifest, fingerprint: modelFingerprint(files) });
      await gateway.request(modelCheck, { manifest: digest });
    };
    await check({});
    const config = JSON.parse(readFileSync(join(plain, 'config.json'), 'utf8')) as Record<string, unknown>;
    const cases: [Record<string, string>, string][] = [
      [{ 'config.json': JSON.stringify({ ...config, num_hidden_layers: 3 }) }, 'invalid_config'],
      [{ 'config.json': JSON.stringify({ ...config, hidden_act: 'gelu' }) }, 'unsupported_config'],
      [{ 'config.json': JSON.stringify({ ...config, architectures: ['Other'] }) }, 'unsupported_architecture'],
      [{ 'tokenizer.json': '{}' }, 'tokenizer_invalid'],
      [{ 'chat_template.jinja': '{% for %}' }, 'template_invalid'],
      [{ 'chat_template.jinja': ' '.repeat(262_144) }, 'template_timeout'],
    ];
    for (const [change, code] of cases) expect(await refusedBy(check(change))).toMatchObject({ kind: 'refusal', code });
    const kept = readdirSync(join(folder, 'home', 'cache', 'models'));
    expect(kept.filter((name) => name.startsWith('check-'))).toEqual([]);
  });

  it('scores given answers alike however they are asked, and differently under an adapter', async () => {
    const evaluator = await bus.connect('evaluator');
    const messages = [{ role: 'user' as const, content: 'How do I return a lamp?' }];
    const items = ['Send it back within thirty days.', 'No.'].map((answer) => ({ messages, answer }));
    const { scores } = await evaluator.request(answerScore, { model: 'random', items });
    const many = await evaluator.request(answerScore, {
      model: 'random',
      items: Array.from({ length: 20 }, () => items).flat(),
    });
    expect(many.scores).toEqual(Array.from({ length: 20 }, () => scores).flat());
    expect(scores.every(({ logProb, tokens }) => logProb < 0 && tokens > 1)).toBe(true);
    const adapted = await evaluator.request(answerScore, { model: 'ft:random:hone:desk:a', items });
    expect(adapted.scores[0]?.tokens).toBe(scores[0]?.tokens);
    expect(adapted.scores[0]?.logProb).not.toBe(scores[0]?.logProb);
  });

  it('echoes a long prompt with its log-probabilities in frames that fit the bus', async () => {
    const prompt = Array.from({ length: 240 }, (_, index) => 10 + (index % 50));
    const sampling = { temperature: 0, tokensMax: 2, topLogProbs: 20 };
    const request = { requestId: 'cmpl-1', model: 'random', prompt, n: 1, echo: true, sampling };
    const answer = await told(gateway.requestStream(textComplete, request));
    expect(answer.logprobs).toHaveLength(prompt.length + 2);
    expect(answer.logprobs[0]?.logprob).toBeNull();
    expect(answer.start.promptTokens).toBe(prompt.length);
  });

  it('repeats a seeded answer and draws several choices', async () => {
    const sampling = { temperature: 1, seed: 5, tokensMax: 16 };
    expect((await chat('random', { sampling })).text).toBe((await chat('random', { sampling })).text);
    const finished: number[] = [];
    for await (const frame of gateway.requestStream(chatComplete, ask('random', { sampling, n: 3 }))) {
      if (frame.type === 'finish') finished.push(frame.index);
    }
    expect(finished.sort()).toEqual([0, 1, 2]);
  });

  it('learns of a model that is registered while it runs', async () => {
    const known = (await models().find(modelId('random'))).value;
    await models().create(modelId('late'), { ...known, name: 'late' });
    await seesModel('late');
  });
});

describe('a serving process with one slot', () => {
  let serving: Serving;
  beforeAll(async () => {
    serving = await startServing({ HONE_SERVING_SEQUENCES_MAX: '1', HONE_SERVING_WAITING_MAX: '1' });
    await chat('random');
  });

  it('gives the slot of a caller who leaves to the next one', async () => {
    const sampling = { tokensMax: 230, temperature: 1, seed: 1, logitBias: { '2': -100 } };
    for (let round = 0; round < 3; round++) {
      let frames = 0;
      for await (const frame of gateway.requestStream(chatComplete, ask('random', { sampling }))) {
        if (frame.type === 'delta' && ++frames === 3) break;
      }
      expect((await chat('random', { sampling: { tokensMax: 2 } })).finish.completionTokens).toBeGreaterThan(0);
    }
  });

  it('refuses what neither runs nor may wait with 429 and says when to come back', async () => {
    const sampling = { tokensMax: 200, temperature: 0, logitBias: { '2': -100 } };
    const results = await Promise.allSettled(
      Array.from({ length: 6 }, () => chat('random', { sampling, store: false })),
    );
    const refused = results.filter((result) => result.status === 'rejected').map(({ reason }) => reason as HoneError);
    expect(refused.length).toBeGreaterThan(0);
    expect(results.some(({ status }) => status === 'fulfilled')).toBe(true);
    for (const error of refused) expect(error).toMatchObject({ code: 'overloaded', status: 429 });
    for (const error of refused) expect(error.retryAfterSeconds).toBeGreaterThan(0);
  });

  it('finishes running answers when it is told to stop', async () => {
    const sampling = { tokensMax: 150, temperature: 0, logitBias: { '2': -100 } };
    const frames = gateway.requestStream(chatComplete, ask('random', { sampling }));
    await frames.next();
    const stopped = stopServing(serving);
    expect((await told(frames)).finish).toMatchObject({ reason: 'length', completionTokens: 150 });
    expect(await stopped).toBe(0);
  });
});

describe('a serving process with a small cache and without adapters', () => {
  it('says how long sequences get, once, and refuses adapters', async () => {
    const serving = await startServing({ HONE_SERVING_KV_MEGABYTES_MAX: '1', HONE_SERVING_ADAPTERS_MAX: '0' });
    for (const model of ['long', 'long', 'random']) await chat(model);
    // Two layers of 32 keys and 32 values in f32: 512 bytes a token.
    const lines = serving.log().split('\n');
    const told = lines.filter((line) => line.includes('sequences have at most'));
    expect(told).toHaveLength(1);
    expect(told[0]).toContain('sequences have at most 2048 tokens');
    expect(told[0]).toContain('the key-value cache has room for 2048 tokens; fix: raise HONE_SERVING_KV_MEGABYTES_MAX');
    expect(await refusedBy(chat('ft:random:hone:desk:a'))).toMatchObject({ kind: 'refusal', code: 'adapters_off' });
    expect(await stopServing(serving)).toBe(0);
  });
});

const card = emulatedCardEnvironment();
(card ? describe : describe.skip)('a serving process with a setting that its engine refuses', () => {
  it('ends with a line that says how to set it', async () => {
    const starting = startServing({ ...card, HONE_DEVICE: 'cuda', HONE_CUDA_MEMORY: '0' });
    await expect(starting).rejects.toThrow(
      /engine thread ended: .*for HONE_CUDA_MEMORY but received 0; fix: set it to bytes or a share/,
    );
    await expect(starting).rejects.not.toThrow('look at the log of serving');
  });
});

describe('a serving process whose engine hangs', () => {
  it('says so to all who wait, and ends, so that it is started again', async () => {
    const serving = await startServing({ HONE_SERVING_SILENT_SECONDS_MAX: '1' });
    await chat('random');
    const prompt = ' '.repeat(50_000);
    const hanging = { requestId: 'cmpl-slow', model: 'slow', prompt, n: 1, echo: false, sampling: { tokensMax: 1 } };
    const stuck = refusedBy(told(gateway.requestStream(textComplete, hanging)));
    expect(await stuck).toMatchObject({ kind: 'fault', code: 'engine_crashed', status: 503 });
    expect((await stuck).message).toContain('no sign of life for 1 s');
    expect(await serving.exited).not.toBe(0);
  });
});
