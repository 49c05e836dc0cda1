// Goal: a team that points its OpenAI client at Hone gets what it had, and the circle closes behind it. Method: a whole mesh as
// `hone up` starts it and the official client with only baseURL and apiKey changed; from the vote on, nothing is asked for.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot, startWholeMesh, until, type WholeMesh } from '@hone/testkit';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import OpenAI, { NotFoundError, toFile } from 'openai';

jest.setTimeout(240_000);

interface ChatRow {
  messages: { role: 'system' | 'user' | 'assistant'; content: string }[];
}

const linesOf = (name: string): string[] =>
  readFileSync(join(repositoryRoot, 'examples/support-desk', `${name}.jsonl`), 'utf8')
    .trim()
    .split('\n');
const rowsOf = <T>(name: string): T[] => linesOf(name).map((line) => JSON.parse(line) as T);
const jsonl = (rows: unknown[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');

const corrections = rowsOf<{ prompt: string; correction: string }>('corrections').slice(0, 12);
const heldout = rowsOf<ChatRow>('heldout');
const later = new Set(corrections.map(({ correction }) => correction));
/** Half of the held-out rows are about what only the corrections teach. */
const validation = [...heldout.filter(isLater).slice(0, 12), ...heldout.filter((row) => !isLater(row)).slice(0, 12)];
const training = rowsOf<ChatRow>('train').slice(0, 96);

function isLater({ messages }: ChatRow): boolean {
  return later.has(messages.at(-1)?.content ?? '');
}

const traceId = randomBytes(16).toString('hex');
const votes: string[] = [];
let mesh: WholeMesh;
let client: OpenAI;
/** Looks on without adding to the trace. */
let onlooker: OpenAI;
let firstModel: string;

beforeAll(async () => {
  mesh = await startWholeMesh({
    environment: {
      HONE_DATA_CURATION_RETRAIN_CORRECTIONS_MIN: String(corrections.length),
      HONE_DATA_CURATION_RETRAIN_QUIET_MS: '0',
    },
  });
  const place = { baseURL: `${mesh.url}/v1`, apiKey: mesh.key };
  onlooker = new OpenAI(place);
  client = new OpenAI({ ...place, defaultHeaders: { traceparent: `00-${traceId}-00f067aa0ba902b7-01` } });
});

afterAll(async () => mesh?.stop());

const json = async <T>(path: string): Promise<T> => (await (await mesh.call('GET', path)).json()) as T;

async function ended(id: string) {
  await until(async () => {
    const { status } = await onlooker.fineTuning.jobs.retrieve(id);
    return status === 'succeeded' || status === 'failed' || status === 'cancelled';
  }, 120_000);
  return onlooker.fineTuning.jobs.retrieve(id);
}

const promoted = (model: string) =>
  until(async () => (await json<{ model?: string }>('/v1/aliases/desk')).model === model, 120_000);

describe('files', () => {
  it('are created, retrieved, listed, read back to the byte and deleted', async () => {
    const text = jsonl(training.slice(0, 3));
    const file = await client.files.create({
      file: await toFile(Buffer.from(text), 'rows.jsonl'),
      purpose: 'fine-tune',
    });
    expect(file).toMatchObject({ object: 'file', filename: 'rows.jsonl', purpose: 'fine-tune' });
    expect(file.bytes).toBe(Buffer.byteLength(text));
    expect(await client.files.retrieve(file.id)).toMatchObject({ id: file.id, bytes: file.bytes });
    const listed: string[] = [];
    for await (const { id } of client.files.list({ limit: 1 })) listed.push(id);
    expect(listed).toContain(file.id);
    expect(await (await client.files.content(file.id)).text()).toBe(text);
    expect(await client.files.delete(file.id)).toMatchObject({ id: file.id, deleted: true });
    await expect(client.files.retrieve(file.id)).rejects.toBeInstanceOf(NotFoundError);
  });
});

describe('a fine-tuning job', () => {
  it('tells its steps and its checkpoints and gives a model', async () => {
    const upload = async (rows: unknown[]) =>
      (await client.files.create({ file: await toFile(Buffer.from(jsonl(rows)), 'rows.jsonl'), purpose: 'fine-tune' }))
        .id;
    const created = await client.fineTuning.jobs.create({
      model: 'hone-tiny',
      training_file: await upload(training),
      validation_file: await upload(validation),
      suffix: 'desk',
      seed: 7,
      metadata: { team: 'support' },
      method: { type: 'supervised', supervised: { hyperparameters: { n_epochs: 3, batch_size: 8 } } },
    });
    expect(created).toMatchObject({ object: 'fine_tuning.job', fine_tuned_model: null, seed: 7 });
    const job = await ended(created.id);
    expect(job).toMatchObject({ status: 'succeeded', error: null, metadata: { team: 'support' } });
    firstModel = String(job.fine_tuned_model);
    expect(firstModel).toMatch(/^ft:hone-tiny:.*desk/);
    const events = [];
    for await (const event of onlooker.fineTuning.jobs.listEvents(job.id, { limit: 5 })) events.push(event);
    const steps = events.filter(({ type, data }) => type === 'metrics' && 'train_loss' in (data as object));
    const losses = steps.reverse().map(({ data }) => (data as { train_loss: number }).train_loss);
    expect(losses.length).toBeGreaterThan(20);
    expect(losses.at(-1)).toBeLessThan(losses[0] as number);
    expect(steps[0]?.data).toMatchObject({ step: 1, total_steps: 36, eta_seconds: expect.any(Number) });
    const checkpoints = await onlooker.fineTuning.jobs.checkpoints.list(job.id);
    expect(checkpoints.data[0]).toMatchObject({ fine_tuning_job_id: job.id, step_number: 36 });
    const listed: string[] = [];
    for await (const { id } of client.fineTuning.jobs.list({ limit: 1 })) listed.push(id);
    expect(listed).toContain(job.id);
  });

  it('that is cancelled stays cancelled and gives no model', async () => {
    const file = await client.files.create({
      file: await toFile(Buffer.from(jsonl(training)), 'rows.jsonl'),
      purpose: 'fine-tune',
    });
    const { id } = await onlooker.fineTuning.jobs.create({
      model: 'hone-tiny',
      training_file: file.id,
      method: { type: 'supervised', supervised: { hyperparameters: { n_epochs: 100 } } },
    });
    await until(async () => (await onlooker.fineTuning.jobs.retrieve(id)).status === 'running', 60_000);
    await onlooker.fineTuning.jobs.cancel(id);
    expect(await ended(id)).toMatchObject({ status: 'cancelled', fine_tuned_model: null });
    await expect(onlooker.fineTuning.jobs.cancel(id)).rejects.toMatchObject({ status: 409 });
    for await (const model of onlooker.models.list()) expect(model.id).not.toContain(id.slice(-8));
  });

  it('ends with an evaluation that promotes the better adapter to its alias', async () => {
    await promoted(firstModel);
    const { data } = await json<{ data: { model: string; verdict: string; results: unknown[] }[] }>('/v1/evaluations');
    expect(data.find(({ model }) => model === firstModel)).toMatchObject({ verdict: 'better' });
    expect(data[0]?.results).toHaveLength(2);
  });
});

describe('chat and completions', () => {
  const question = { model: 'desk', messages: [{ role: 'user' as const, content: 'How can I pay?' }], temperature: 0 };

  it('answer with the promoted adapter, whole and streamed alike', async () => {
    const whole = await client.chat.completions.create({ ...question, max_tokens: 24 });
    expect(whole).toMatchObject({ object: 'chat.completion', model: firstModel });
    const stream = await client.chat.completions.create({
      ...question,
      max_tokens: 24,
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = '';
    let usage: OpenAI.CompletionUsage | null | undefined;
    const reasons: unknown[] = [];
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? '';
      if (chunk.choices[0]?.finish_reason) reasons.push(chunk.choices[0].finish_reason);
      usage = chunk.usage ?? usage;
    }
    expect(text).toBe(whole.choices[0]?.message.content);
    expect(reasons).toEqual([whole.choices[0]?.finish_reason]);
    expect(usage).toEqual(whole.usage);
  });

  it('repeat a sampled answer for the same seed, and answer n times', async () => {
    const sampled = { ...question, temperature: 1, seed: 11, n: 2, max_tokens: 12 };
    const [a, b] = [await client.chat.completions.create(sampled), await client.chat.completions.create(sampled)];
    expect(a.choices.map(({ message }) => message.content)).toEqual(b.choices.map(({ message }) => message.content));
    expect(a.choices).toHaveLength(2);
  });

  it('score a prompt of token ids without writing anything, as evaluation harnesses ask', async () => {
    const prompt = Array.from({ length: 12 }, (_, index) => 300 + index * 7);
    const scored = await client.completions.create({ model: 'desk', prompt, echo: true, logprobs: 1, max_tokens: 0 });
    const { logprobs } = scored.choices[0] as OpenAI.CompletionChoice;
    expect(logprobs?.token_logprobs).toHaveLength(prompt.length);
    expect(logprobs?.token_logprobs?.[0]).toBeNull();
    expect(logprobs?.token_logprobs?.slice(1).every((value) => value < 0)).toBe(true);
    expect(scored.usage).toMatchObject({ prompt_tokens: prompt.length, completion_tokens: 0 });
    const more = await client.completions.create({ model: 'desk', prompt, echo: true, logprobs: 1, max_tokens: 3 });
    const again = more.choices[0]?.logprobs?.token_logprobs?.slice(0, prompt.length);
    expect(again).toEqual(logprobs?.token_logprobs);
  });

  it('refuse an unknown model with the nearest name, and list the known ones', async () => {
    const asked = client.chat.completions.create({ ...question, model: 'hone-tyni' });
    await expect(asked).rejects.toMatchObject({
      status: 404,
      code: 'model_not_found',
      message: expect.stringContaining('hone-tiny'),
    });
    const known: string[] = [];
    for await (const { id } of client.models.list()) known.push(id);
    expect(known).toEqual(expect.arrayContaining(['hone-tiny', firstModel]));
    expect(await client.models.retrieve(firstModel)).toMatchObject({ id: firstModel, object: 'model' });
  });
});

describe('votes', () => {
  it('lead by events alone to a retraining and the promotion of its better adapter', async () => {
    for (const { prompt, correction } of corrections) {
      const messages = [{ role: 'user' as const, content: prompt }];
      const { id } = await client.chat.completions.create({ model: 'desk', messages, max_tokens: 16, temperature: 0 });
      const headers = { traceparent: `00-${traceId}-00f067aa0ba902b7-01` };
      const vote = await mesh.call('POST', '/v1/feedback', { turn: id, rating: 'down', correction }, headers);
      expect(vote.status).toBe(200);
      votes.push(((await vote.json()) as { id: string }).id);
    }
    const retraining = async () =>
      (await onlooker.fineTuning.jobs.list()).data.find(
        (job) =>
          (job as unknown as { hone: { retrain: { incumbent: string } | null } }).hone.retrain?.incumbent ===
          firstModel,
      );
    await until(async () => (await retraining()) !== undefined, 60_000);
    const job = await ended((await retraining())?.id ?? '');
    expect(job).toMatchObject({ status: 'succeeded', model: 'hone-tiny' });
    await promoted(String(job.fine_tuned_model));
    await until(async () => {
      const answer = await onlooker.chat.completions.create({
        model: 'desk',
        messages: [{ role: 'user', content: corrections[0]?.prompt ?? '' }],
        max_tokens: 8,
      });
      return answer.model === job.fine_tuned_model;
    });
  });

  it('are found in the lineage of what is served now', async () => {
    const lineage = await json<{ nodes: { kind: string; id: string }[]; votes: string[] }>('/v1/lineage/desk');
    expect(lineage.votes.sort()).toEqual(votes.sort());
    const kinds = new Set(lineage.nodes.map(({ kind }) => kind));
    for (const kind of ['alias', 'model', 'base', 'evaluation', 'job', 'shards', 'dataset', 'file'])
      expect(kinds).toContain(kind);
    expect(lineage.nodes.filter(({ kind }) => kind === 'job')).toHaveLength(2);
  });

  it('and everything after them belong to one trace that every service took part in', async () => {
    const everybody = mesh
      .names()
      .filter((name) => name !== 'nats-server')
      .sort();
    let services: string[] = [];
    await until(async () => {
      const { stdout } = await mesh.cli('trace', 'show', traceId, '--json');
      const spans = JSON.parse(stdout || '[]') as { service: string; traceId: string }[];
      services = [...new Set(spans.map(({ service }) => service))].sort();
      return services.length === everybody.length;
    }, 60_000);
    expect(services).toEqual(everybody);
  });
});
