// Goal: nobody who waits for an answer learns that a process died. Method: a whole mesh with jobs and chats in work, while the
// bus and every service are killed outright or asked to restart; HONE_TEST_SEED repeats an order.
import { seeded, shuffledIndices } from '@hone/base';
import { startWholeMesh, until, type WholeMesh } from '@hone/testkit';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type OpenAI from 'openai';
import { clientOf, ended, eventsOf, type Job, modelsOf, rows, stepReached, upload } from './fine-tuning.js';

jest.setTimeout(300_000);

const seed = Number(process.env['HONE_TEST_SEED'] ?? 20_261_122);
let mesh: WholeMesh;
let client: OpenAI;
let services: string[];

beforeAll(async () => {
  mesh = await startWholeMesh();
  client = clientOf(mesh);
  const names = mesh.names().filter((name) => name !== 'nats-server');
  services = [...shuffledIndices(names.length, seeded(seed, 'restarts'))].map((index) => names[index] as string);
  process.stdout.write(`order of restarts: ${services.join(', ')}; HONE_TEST_SEED=${seed}\n`);
});

afterAll(async () => mesh?.stop());

async function createJob(count: number, epochs: number, suffix?: string): Promise<string> {
  const job = await client.fineTuning.jobs.create({
    model: 'hone-tiny',
    training_file: await upload(client, rows(count)),
    validation_file: await upload(
      client,
      rows(count + 8)
        .split('\n')
        .slice(count)
        .join('\n'),
    ),
    seed: 1,
    ...(suffix === undefined ? {} : { suffix }),
    method: { type: 'supervised', supervised: { hyperparameters: { n_epochs: epochs, batch_size: 4 } } },
  });
  return job.id;
}

/** The job brought one adapter, said so once, and its adapter was measured once. */
async function expectOnce(job: Job): Promise<void> {
  expect(job).toMatchObject({ status: 'succeeded', error: null });
  expect(await modelsOf(client, job.id)).toEqual([job.fine_tuned_model]);
  const events = await eventsOf(client, job.id);
  for (const words of ['Created fine-tuning job', 'Files validated', 'successfully completed'])
    expect(events.filter(({ message }) => message.includes(words))).toHaveLength(1);
  await until(async () => (await evaluationsOf(job)).every(({ status }) => status === 'succeeded'), 120_000);
  expect(await evaluationsOf(job)).toHaveLength(1);
}

async function evaluationsOf({ fine_tuned_model: model }: Job): Promise<{ status: string }[]> {
  const path = `/v1/evaluations?model=${encodeURIComponent(String(model))}`;
  const response = await mesh.call('GET', path).catch(() => undefined);
  if (!response?.ok) return [{ status: 'unknown' }];
  const { data } = (await response.json()) as { data: { status: string }[] };
  return data.length === 0 ? [{ status: 'not begun' }] : data;
}

describe('while a job runs', () => {
  it('nats-server is killed and comes back: the job finishes, once', async () => {
    const id = await createJob(48, 4);
    const step = 1 + Math.floor(seeded(seed, 'nats')() * 24);
    await until(async () => (await stepReached(client, id)) >= step, 90_000);
    await mesh.kill('nats-server');
    await expectOnce(await ended(client, id));
    expect(mesh.process('nats-server').restarts).toBe(1);
    // The others found it again by themselves.
    for (const name of services) expect(mesh.process(name).restarts).toBe(0);
  });

  it('every service is killed in turn: every job finishes, once', async () => {
    const jobs = [await createJob(24, 3), await createJob(28, 3, 'desk'), await createJob(32, 3)];
    for (const name of services) {
      await mesh.kill(name);
      await mesh.whenReady(name, 1);
    }
    for (const id of jobs) await expectOnce(await ended(client, id));
  });
});

describe('a rolling restart', () => {
  it('of every service fails no chat that is not streamed', async () => {
    let isOver = false;
    const failures: unknown[] = [];
    let answered = 0;
    const chats = Promise.all(
      [0, 1].map(async () => {
        while (!isOver) {
          const messages = [{ role: 'user' as const, content: `Which colour has box ${answered}?` }];
          const answer = await client.chat.completions
            .create({ model: 'hone-tiny', messages, max_tokens: 12 })
            .catch((thrown: unknown) => void failures.push(thrown));
          if (answer?.choices[0]?.message.content !== undefined) answered++;
        }
      }),
    );
    for (const name of services) {
      const before = { restarts: mesh.process(name).restarts, answered };
      await mesh.kill(name, 'SIGTERM');
      await mesh.whenReady(name, before.restarts + 1);
      await until(() => answered > before.answered || failures.length > 0, 60_000);
    }
    isOver = true;
    await chats;
    expect(failures).toEqual([]);
  });
});
