// Goal: the official OpenAI client drives the door over a real bus; the services behind it are played by the test.
import { routes } from '@hone/contracts';
import type { MeshContext } from '@hone/mesh';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import OpenAI, { toFile } from 'openai';
import { type Door, key, openDoor } from '../../../tests/doubles/gateway-door.js';

describe('the gateway', () => {
  let door: Door;
  let client: OpenAI;
  const hi = [{ role: 'user' as const, content: 'Hi' }];

  beforeAll(async () => {
    door = await openDoor();
    client = new OpenAI({ baseURL: `${door.url}/v1`, apiKey: key, maxRetries: 0 });
  });
  afterAll(() => door?.close());

  it('serves every route of the book and asks for a key on each that is not open', async () => {
    for (const { method, path, auth } of routes) {
      const filled = path.replace(/\{\w+\}/g, 'x');
      const response = await fetch(door.url + filled, { method });
      expect([method, path, response.status]).toEqual([method, path, auth === 'key' ? 401 : 200]);
    }
    const document = (await (await fetch(`${door.url}/openapi.json`)).json()) as { paths: object };
    expect(Object.keys(document.paths)).toContain('/v1/chat/completions');
  });

  it('refuses a wrong key in the shape of OpenAI', async () => {
    const wrong = new OpenAI({ baseURL: `${door.url}/v1`, apiKey: 'hone_sk_wrong', maxRetries: 0 });
    await expect(wrong.files.list()).rejects.toMatchObject({ status: 401, code: 'invalid_api_key' });
  });

  it.each([
    [{ host: 'evil.example' }, 403],
    [{ origin: 'https://evil.example' }, 403],
    [{ origin: 'null' }, 403],
    [{ origin: 'http://localhost:3000' }, 200],
  ])('answers a request with %j by %i', async (headers, status) => {
    const { request } = await import('node:http');
    const answered = await new Promise<number | undefined>((resolve, reject) => {
      const asked = request(`${door.url}/openapi.json`, { headers }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      asked.once('error', reject);
      asked.end();
    });
    expect(answered).toBe(status);
  });

  it('answers a chat', async () => {
    const { data, response } = await client.chat.completions
      .create({ model: 'hone-tiny', messages: hi, n: 2, logprobs: true, user: 'u' })
      .withResponse();
    expect(data.choices.map((choice) => choice.message.content)).toEqual(['Hello there.', 'Hello there.']);
    expect(data.choices[0]?.logprobs?.content?.map(({ token }) => token)).toEqual(['Hello', ' there', '.']);
    expect(data.usage).toEqual({ prompt_tokens: 3, completion_tokens: 6, total_tokens: 9 });
    expect(response.headers.get('x-request-id')).toMatch(/^req_/);
  });

  it('streams a chat in the framing of OpenAI', async () => {
    const body = { model: 'hone-tiny', messages: hi, stream: true, stream_options: { include_usage: true } };
    const response = await door.post('/v1/chat/completions', body);
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    const events = (await response.text()).split('\n\n').filter((event) => event !== '');
    expect(events.at(-1)).toBe('data: [DONE]');
    const chunks = events.slice(0, -1).map((event) => JSON.parse(event.slice('data: '.length)));
    expect(chunks[0].choices[0].delta).toEqual({ role: 'assistant', content: '', refusal: null });
    expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')).toBe('Hello there.');
    expect(chunks.at(-2).choices[0]).toMatchObject({ delta: {}, finish_reason: 'stop' });
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: 6 } });
  });

  it('gives the official client the streamed text', async () => {
    let text = '';
    const stream = await client.chat.completions.create({ model: 'hone-tiny', messages: hi, stream: true });
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
    expect(text).toBe('Hello there.');
  });

  it('turns a refusal before the first token into a status, also for a stream', async () => {
    const asked = client.chat.completions.create({ model: 'nobody', messages: hi, stream: true });
    await expect(asked).rejects.toMatchObject({ status: 404, code: 'model_not_found', param: 'model' });
    const full = await door.post('/v1/chat/completions', { model: 'full', messages: hi });
    expect([full.status, full.headers.get('retry-after')]).toEqual([429, '7']);
  });

  it('ends a stream that breaks with an error event and without [DONE]', async () => {
    const response = await door.post('/v1/chat/completions', { model: 'breaks', messages: hi, stream: true });
    const text = await response.text();
    expect(text).toContain('"error":{"message"');
    expect(text).not.toContain('the engine broke');
    expect(text).not.toContain('[DONE]');
  });

  it('cancels the generation when the client leaves in the middle of a stream', async () => {
    const stream = await client.chat.completions.create({ model: 'endless', messages: hi, stream: true });
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content) break;
    const context = door.endless.at(-1) as MeshContext;
    await new Promise<void>((resolve) => {
      if (context.signal.aborted) resolve();
      context.signal.addEventListener('abort', () => resolve());
    });
    expect(context.signal.aborted).toBe(true);
  });

  it('completes several prompts of text or ids, with offsets of the tokens', async () => {
    const ids = await client.completions.create({ model: 'hone-tiny', prompt: [[1, 2], [3]], logprobs: 1, echo: true });
    expect(ids.choices.map(({ text }) => text)).toEqual(['ids2!', 'ids1!']);
    expect(ids.choices[1]?.logprobs).toMatchObject({ tokens: ['ids1', '!'], text_offset: [0, 4] });
    let text = '';
    for await (const chunk of await client.completions.create({ model: 'hone-tiny', prompt: 'A', stream: true }))
      text += chunk.choices[0]?.text ?? '';
    expect(text).toBe('A!');
  });

  it.each([
    [{ model: 'hone-tiny', messages: hi, tools: [{ type: 'function', function: { name: 'f' } }] }, 'tools'],
    [{ model: 'hone-tiny', messages: hi, response_format: { type: 'json_schema' } }, 'response_format.type'],
    [{ model: 'hone-tiny', messages: hi, n: 17 }, 'n'],
    [{ model: 'hone-tiny', messages: hi, temprature: 1 }, 'temprature'],
    [{ model: 'hone-tiny', messages: [{ role: 'system', content: 'x' }, {}] }, 'messages.1.role'],
    [{ model: 'hone-tiny' }, 'messages'],
  ])('refuses what it cannot honour and names the field: %j', async (body, param) => {
    const response = await door.post('/v1/chat/completions', body);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { type: 'invalid_request_error', param } });
  });

  it.each([
    ['{"model":', 400],
    [`{"model":"m","messages":[{"role":"user","content":"${'x'.repeat(300_000)}"}]}`, 413],
    [`{"model":"m","messages":[{"role":"user","content":"${'x'.repeat(100_000)}"}]}`, 413],
    ['{"__proto__":{"admin":true}}', 400],
  ])('answers a hostile body with a status and an error body', async (body, status) => {
    const response = await door.post('/v1/chat/completions', body);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ error: { type: 'invalid_request_error' } });
  });

  it('stores an upload by its digest and gives the same bytes back', async () => {
    const row = '{"messages":[]}\n'.repeat(20_000);
    const file = await client.files.create({ file: await toFile(Buffer.from(row), 'a/b.jsonl'), purpose: 'fine-tune' });
    expect(file).toMatchObject({ object: 'file', bytes: row.length, filename: 'b.jsonl', status: 'processed' });
    expect(await (await client.files.content(file.id)).text()).toBe(row);
    expect((await client.files.list()).data.map(({ id }) => id)).toContain(file.id);
  });

  it('refuses an empty file, a wrong purpose and a body that is no upload', async () => {
    const upload = async (text: string, purpose: string) =>
      client.files.create({ file: await toFile(Buffer.from(text), 'x.jsonl'), purpose: purpose as 'fine-tune' });
    await expect(upload('', 'fine-tune')).rejects.toMatchObject({ status: 400, code: 'empty_file', param: 'file' });
    await expect(upload('{}', 'fun')).rejects.toMatchObject({ status: 400, param: 'purpose' });
    await expect(client.files.retrieve('file-unknown')).rejects.toMatchObject({ status: 404, code: 'not_found' });
    expect((await door.post('/v1/files', {})).status).toBe(400);
  });

  it.each(['..', '%2e%2e%2f', '%252e', 'a%00b', 'C:%2f', 'a'.repeat(300)])('refuses the hostile id %s', async (id) => {
    const response = await door.call(`/v1/fine_tuning/jobs/${id}`);
    expect([400, 404, 414]).toContain(response.status);
    expect(await response.json()).toHaveProperty('error');
  });

  it('makes one job of two requests with the same idempotency key', async () => {
    const body = { model: 'hone-tiny', training_file: 'file-01' };
    const headers = { 'idempotency-key': 'once' };
    const first = await client.fineTuning.jobs.create(body, { headers });
    expect((await client.fineTuning.jobs.create(body, { headers })).id).toBe(first.id);
    expect((await client.fineTuning.jobs.create(body)).id).not.toBe(first.id);
  });

  it('creates a fine-tuning job with hyper-parameters of either place', async () => {
    const job = await client.fineTuning.jobs.create({
      model: 'hone-tiny',
      training_file: 'file-01',
      suffix: 'support-desk',
      hyperparameters: { batch_size: 4 },
      method: { type: 'supervised', supervised: { hyperparameters: { n_epochs: 2 } } },
    });
    expect(job).toMatchObject({ object: 'fine_tuning.job', status: 'validating_files', fine_tuned_model: null });
    expect(job.hyperparameters).toEqual({ batch_size: 4, n_epochs: 2 });
  });
});
