// Goal: bad input gets a clear error, and nothing is lost or half-written. Method: a whole mesh with a small queue, and every kind
// of mistake that a client, a file or a disk can make; each test ends with proof that the mesh still does its work.
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { repositoryRoot, runCli, startWholeMesh, until, type WholeMesh, writeRandomModel } from '@hone/testkit';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type OpenAI from 'openai';
import { clientOf, ended, modelsOf, objectPath, rows, upload } from './fine-tuning.js';

jest.setTimeout(240_000);

const scratch = mkdtempSync(join(tmpdir(), 'hone-bad-'));
const modelFiles = ['config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json'];
let mesh: WholeMesh;
let client: OpenAI;
let modelFolder: string;

beforeAll(async () => {
  mesh = await startWholeMesh({
    environment: { HONE_SERVING_SEQUENCES_MAX: '1', HONE_SERVING_WAITING_MAX: '2', HONE_SERVING_WARM: 'false' },
  });
  client = clientOf(mesh, 0);
  modelFolder = await writeRandomModel(join(scratch, 'model'), { seed: 1 });
});

afterAll(async () => {
  await mesh?.stop();
  rmSync(scratch, { recursive: true, force: true });
});

interface ApiError {
  error: { message: string; code: string; param: string | null; type: string };
}

/** The body of a failure, whose status must be the wanted one. */
async function refused(response: Response, status: number): Promise<ApiError['error']> {
  const body = (await response.json()) as ApiError;
  expect({ status: response.status, ...body }).toMatchObject({ status, error: { message: expect.any(String) } });
  return body.error;
}

const createJob = async (training_file: string, hyperparameters: Record<string, unknown> = {}) =>
  client.fineTuning.jobs.create({
    model: 'hone-tiny',
    training_file,
    seed: 1,
    method: { type: 'supervised', supervised: { hyperparameters: { n_epochs: 1, ...hyperparameters } as object } },
  });

/** A job on a file of these lines, to its end. */
async function jobOn(text: string) {
  return ended(client, (await createJob(await upload(client, text))).id);
}

const chat = (body: Record<string, unknown> = {}, headers: Record<string, string> = {}) =>
  mesh.call(
    'POST',
    '/v1/chat/completions',
    { model: 'hone-tiny', messages: [{ role: 'user', content: 'hello' }], max_tokens: 4, ...body },
    headers,
  );

const answers = async (): Promise<void> => expect((await chat()).status).toBe(200);
const row = (...messages: [string, string, object?][]): string =>
  `${JSON.stringify({ messages: messages.map(([role, content, more]) => ({ role, content, ...more })) })}\n`;
/** Flips one bit of an object in the store. */
function damage(digest: string, at = 0.5): void {
  const path = objectPath(mesh, digest);
  const bytes = readFileSync(path);
  const offset = Math.floor(bytes.length * at);
  bytes[offset] = (bytes[offset] as number) ^ 1;
  writeFileSync(path, bytes);
}

describe('a training file', () => {
  it('with a malformed line is refused with the line number', async () => {
    const job = await jobOn(`${rows(2)}{"messages": [\n${rows(1)}`);
    expect(job).toMatchObject({ status: 'failed', fine_tuned_model: null, error: { code: 'invalid_file' } });
    expect(job.error?.message).toContain('line 3');
  });

  it('that is empty is refused at the door', async () => {
    await expect(upload(client, '')).rejects.toMatchObject({ status: 400, code: 'empty_file' });
  });

  it('with an unknown role, or without an answer, is refused with its lines', async () => {
    const job = await jobOn(row(['user', 'a'], ['robot', 'b']) + rows(1) + row(['user', 'nobody answers']));
    expect(job).toMatchObject({ status: 'failed', error: { code: 'invalid_file' } });
    expect(job.error?.message).toMatch(/line 1: .*robot.*line 3: /s);
  });

  it('with nothing to learn is refused', async () => {
    const job = await jobOn(row(['user', 'a'], ['assistant', 'b', { weight: 0 }]));
    expect(job).toMatchObject({ status: 'failed', fine_tuned_model: null });
    expect(job.error?.message).toMatch(/learn|trainable|weight/);
  });

  it('with rows longer than the context leaves them out, and is refused when none is left', async () => {
    const long = row(['user', 'why? '.repeat(2000)], ['assistant', 'because. '.repeat(500)]);
    const job = await jobOn(long);
    expect(job).toMatchObject({ status: 'failed', error: { code: 'too_long' } });
    expect(job.error?.message).toMatch(/at most 512 tokens but received \d+/);
    expect((await jobOn(long + rows(8))).status).toBe('succeeded');
  });
});

describe('a fine-tuning job', () => {
  it('with an unknown hyper-parameter is refused with the nearest name', async () => {
    const file = await upload(client, rows(4));
    await expect(createJob(file, { lerning_rate: 1e-3 })).rejects.toMatchObject({
      status: 400,
      code: 'unknown_argument',
      message: expect.stringContaining('learning_rate'),
    });
  });

  it('on an unknown base or file is refused', async () => {
    const file = await upload(client, rows(4));
    const body = { model: 'hone-tinny', training_file: file };
    await expect(client.fineTuning.jobs.create(body)).rejects.toMatchObject({ status: 404, code: 'model_not_found' });
    await expect(createJob('file-nowhere')).rejects.toMatchObject({ status: 404 });
  });

  it('that is cancelled at once is over, for good, and gives no adapter', async () => {
    const { id } = await createJob(await upload(client, rows(64)), { n_epochs: 100 });
    await client.fineTuning.jobs.cancel(id);
    const job = await ended(client, id);
    expect(job).toMatchObject({ status: 'cancelled', fine_tuned_model: null });
    await expect(client.fineTuning.jobs.cancel(id)).rejects.toMatchObject({ status: 409 });
    expect((await jobOn(rows(4))).status).toBe('succeeded');
    expect((await client.fineTuning.jobs.retrieve(id)).status).toBe('cancelled');
    expect(await modelsOf(client, id)).toEqual([]);
  });
});

describe('a corrupted object', () => {
  it('of a file fails its job, and the digest is named', async () => {
    const id = await upload(client, rows(12));
    await createJob(id);
    const digest = `sha256:${digestIn(rows(12))}`;
    damage(digest);
    const job = await ended(client, (await createJob(id)).id);
    expect(job).toMatchObject({ status: 'failed', fine_tuned_model: null, error: { code: 'artifact_corrupt' } });
    expect(job.error?.message).toContain(digest);
    await expect(client.files.content(id)).rejects.toMatchObject({ status: 500, code: 'artifact_corrupt' });
  });

  it('of a model is not served, and the digest is named', async () => {
    const response = await importModel('damaged');
    expect(response.status).toBe(200);
    const digest = `sha256:${digestIn(readFileSync(join(modelFolder, 'model.safetensors')))}`;
    damage(digest, 0.9);
    const error = await refused(await chat({ model: 'damaged' }), 500);
    expect(error).toMatchObject({ code: 'artifact_corrupt', message: expect.stringContaining(digest) });
    await answers();
  });
});

const digestIn = (bytes: string | Uint8Array): string =>
  spawnSync('sha256sum', { input: bytes, encoding: 'utf8' }).stdout.slice(0, 64);

function importModel(name: string, change: Record<string, Uint8Array | undefined> = {}): Promise<Response> {
  const form = new FormData();
  form.append('name', name);
  for (const file of new Set([...modelFiles, ...Object.keys(change)])) {
    const bytes = file in change ? change[file] : readFileSync(join(modelFolder, file));
    if (bytes !== undefined) form.append('file', new Blob([new Uint8Array(bytes)]), file);
  }
  return mesh.call('POST', '/v1/models', form);
}

describe('a model folder', () => {
  const weights = (): Buffer => readFileSync(join(modelFolder, 'model.safetensors'));
  const withHeader = (header: string, data = 16): Buffer => {
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(header.length));
    return Buffer.concat([length, Buffer.from(header), Buffer.alloc(data)]);
  };
  const tensor = (offsets: number[], shape = [2, 2]) =>
    JSON.stringify({ t: { dtype: 'F32', shape, data_offsets: offsets } });
  const changedConfig = (change: object): Buffer =>
    Buffer.from(JSON.stringify({ ...JSON.parse(readFileSync(join(modelFolder, 'config.json'), 'utf8')), ...change }));
  const hostile: [string, () => Record<string, Uint8Array | undefined>][] = [
    ['truncated weights', () => ({ 'model.safetensors': weights().subarray(0, -100) })],
    ['a header that is cut off', () => ({ 'model.safetensors': weights().subarray(0, 20) })],
    [
      'a header of 2^63 bytes',
      () => ({ 'model.safetensors': Buffer.concat([Buffer.alloc(8, 0x7f), Buffer.alloc(32)]) }),
    ],
    ['a header that is no JSON', () => ({ 'model.safetensors': withHeader('{"t":') })],
    ['a tensor beyond the file', () => ({ 'model.safetensors': withHeader(tensor([0, 1e9])) })],
    ['a tensor that overlaps another', () => ({ 'model.safetensors': withHeader(tensor([-4, 12])) })],
    ['a shape that overflows', () => ({ 'model.safetensors': withHeader(tensor([0, 16], [2 ** 40, 2 ** 40])) })],
    ['weights that can run code', () => ({ 'pytorch_model.bin': randomBytes(10) })],
    ['a path out of the folder', () => ({ '../../evil.safetensors': weights() })],
    ['a broken config.json', () => ({ 'config.json': Buffer.from('{') })],
    ['another number of layers', () => ({ 'config.json': changedConfig({ num_hidden_layers: 1e9 }) })],
    ['an activation that is not built', () => ({ 'config.json': changedConfig({ hidden_act: 'relu6' }) })],
    ['a tokenizer.json of nothing', () => ({ 'tokenizer.json': Buffer.from('{}') })],
    ['weights of another model', () => ({ 'model.safetensors': withHeader(tensor([0, 16])) })],
    ['no tokenizer', () => ({ 'tokenizer.json': undefined })],
  ];

  it.each(hostile)('with %s is refused and gets no name', async (_what, change) => {
    const { message } = await refused(await importModel('hostile', change()), 400);
    expect(message).toContain('fix:');
    for await (const { id } of client.models.list()) expect(id).not.toBe('hostile');
  });
});

describe('the door', () => {
  it('asks for a key, and does not take a wrong one', async () => {
    for (const authorization of ['', 'Bearer hone_sk_wrong', `Bearer ${mesh.key.slice(0, -1)}`, `Basic ${mesh.key}`])
      expect(await refused(await chat({}, { authorization }), 401)).toMatchObject({ code: 'invalid_api_key' });
    await answers();
  });

  it('refuses a body over its limit, an upload by its length alone', async () => {
    const messages = [{ role: 'user', content: 'a'.repeat(300 * 1024) }];
    expect(await refused(await chat({ messages }), 413)).toMatchObject({ code: 'too_large' });
    const status = await new Promise((resolve, reject) => {
      const headers = {
        authorization: `Bearer ${mesh.key}`,
        'content-type': 'multipart/form-data; boundary=b',
        'content-length': 600 * 1024 * 1024,
      };
      const sent = request(`${mesh.url}/v1/files`, { method: 'POST', headers }, (response) => {
        resolve(response.statusCode);
        sent.destroy();
      });
      sent.once('error', reject);
      sent.flushHeaders();
    });
    expect(status).toBe(413);
    await answers();
  });

  it('refuses broken JSON, unknown fields and wrong values by name', async () => {
    const headers = { authorization: `Bearer ${mesh.key}`, 'content-type': 'application/json' };
    await refused(await fetch(`${mesh.url}/v1/chat/completions`, { method: 'POST', headers, body: '{"model":' }), 400);
    expect(await refused(await chat({ temprature: 1 }), 400)).toMatchObject({ param: 'temprature' });
    expect(await refused(await chat({ temperature: 'hot' }), 400)).toMatchObject({ param: 'temperature' });
  });

  it('leaves nothing of an upload whose client left in the middle', async () => {
    const before = (await client.files.list()).data.length;
    await new Promise<void>((resolve) => {
      const headers = {
        authorization: `Bearer ${mesh.key}`,
        'content-type': 'multipart/form-data; boundary=b',
        'content-length': 10 * 1024 * 1024,
      };
      const sent = request(`${mesh.url}/v1/files`, { method: 'POST', headers });
      sent.once('error', () => resolve());
      sent.write('--b\r\ncontent-disposition: form-data; name="file"; filename="x.jsonl"\r\n\r\n');
      sent.write('x'.repeat(1024 * 1024), () => sent.destroy(new Error('left')));
    });
    await answers();
    expect((await client.files.list()).data).toHaveLength(before);
    expect(mesh.process('gateway').restarts).toBe(0);
  });
});

describe('a full queue', () => {
  it('answers 429 with Retry-After, counting every choice, and then works on', async () => {
    const response = await chat({ n: 4 });
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await refused(response, 429)).toMatchObject({ code: 'overloaded' });
    await answers();
  });

  it('has its slot back when a client leaves in the middle of a stream', async () => {
    const traceId = randomBytes(16).toString('hex');
    for (let left = 0; left < 4; left++) {
      const leave = new AbortController();
      const response = await fetch(`${mesh.url}/v1/chat/completions`, {
        method: 'POST',
        signal: leave.signal,
        headers: {
          authorization: `Bearer ${mesh.key}`,
          'content-type': 'application/json',
          traceparent: `00-${traceId}-00f067aa0ba902b7-01`,
        },
        body: JSON.stringify({
          model: 'hone-tiny',
          messages: [{ role: 'user', content: 'hello' }],
          stream: true,
          max_tokens: 450,
          logit_bias: { 2: -100 },
        }),
      });
      await response.body?.getReader().read();
      leave.abort();
    }
    // One sequence runs at a time here: an answer proves that the slot is free, and every later one that it stays so.
    for (let asked = 0; asked < 3; asked++) {
      await until(async () => (await chat()).status === 200, 60_000);
    }
    let spans: { service: string; name: string; attributes: Record<string, unknown> }[] = [];
    await until(async () => {
      const { stdout } = await mesh.cli('trace', 'show', traceId, '--json');
      spans = (JSON.parse(stdout || '[]') as typeof spans).filter(({ name }) => name === 'chat hone-tiny');
      return spans.length === 4;
    }, 60_000);
    // None of them was written to its end for nobody.
    for (const { attributes } of spans) expect(attributes).not.toHaveProperty('gen_ai.response.finish_reasons');
  });
});

describe('the command line', () => {
  it('says who has the port, and leaves nothing behind', async () => {
    const other = join(scratch, 'other');
    const { code, stderr } = await runCli(['up', '--port', new URL(mesh.url).port], { HONE_HOME: other });
    expect(code).toBe(4);
    expect(stderr).toMatch(/port \d+ .*another process.*--port/s);
    await answers();
  });

  it('starts no second mesh in the same home', async () => {
    const { code, stderr } = await mesh.cli('up', '--port', '0');
    expect(code).toBe(4);
    expect(stderr).toContain(mesh.url);
    await answers();
  });

  it('says what to do about a file, a model or a mesh that is not there', async () => {
    expect(await mesh.cli('data', 'import', join(scratch, 'gone.jsonl'))).toMatchObject({ code: 2 });
    expect(await mesh.cli('model', 'import', scratch, '--name', 'x')).toMatchObject({ code: 2 });
    const nowhere = await runCli(['data', 'list'], { HONE_HOME: join(scratch, 'nowhere') });
    expect(nowhere).toMatchObject({ code: 5, stderr: expect.stringContaining('hone up') });
  });
});

describe('a machine without', () => {
  const build = (...tools: string[]) => {
    const bin = mkdtempSync(join(scratch, 'bin-'));
    symlinkSync(process.execPath, join(bin, 'node'));
    for (const tool of tools) symlinkSync(pathOf(tool), join(bin, tool));
    const { CXX: _compiler, NODE_OPTIONS: _flags, ...inherited } = process.env;
    const options = { encoding: 'utf8' as const, env: { ...inherited, PATH: bin } };
    return spawnSync(process.execPath, [join(repositoryRoot, 'native/build.mjs')], options);
  };
  const pathOf = (tool: string): string =>
    (process.env['PATH'] ?? '')
      .split(delimiter)
      .map((folder) => join(folder, tool))
      .find((path) => spawnSync(path, ['--version']).status === 0) ?? '';

  it('cmake is told to install it', () => {
    const { status, stderr } = build();
    expect(status).not.toBe(0);
    expect(stderr).toContain('apt-get install cmake');
  });

  it('a compiler is told to install one', () => {
    const { status, stderr } = build('cmake');
    expect(status).not.toBe(0);
    expect(stderr).toContain('apt-get install g++');
  });
});
