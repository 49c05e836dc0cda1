// Goal: a message that cannot be handled ends among the dead letters with its reason and stops nobody. Method: raw messages with
// the keys of real services on a whole mesh, mixed with good work; and a run whose adapter belongs to another base.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ArtifactStore, DirectoryDriver } from '@hone/artifacts';
import { digestOf } from '@hone/base';
import { consumersOf, runFinished, runStart, streams, turnCompleted } from '@hone/contracts';
import { inboxPrefix } from '@hone/mesh';
import { startWholeMesh, until, type WholeMesh } from '@hone/testkit';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection, nkeyAuthenticator } from '@nats-io/transport-node';
import type OpenAI from 'openai';
import { clientOf, ended, modelsOf, rows, upload } from './fine-tuning.js';

jest.setTimeout(240_000);

let mesh: WholeMesh;
let client: OpenAI;
const connections: NatsConnection[] = [];

beforeAll(async () => {
  mesh = await startWholeMesh();
  client = clientOf(mesh);
});

afterAll(async () => {
  await Promise.allSettled(connections.map((connection) => connection.close()));
  await mesh?.stop();
});

/** A plain connection with the key of a service: what it may say is what its permissions say. */
async function connectAs(user: string): Promise<NatsConnection> {
  const { natsUrl } = JSON.parse(readFileSync(join(mesh.home, 'state.json'), 'utf8')) as { natsUrl: string };
  const seed = readFileSync(join(mesh.home, 'nkeys', `${user}.nk`), 'utf8').trim();
  const authenticator = nkeyAuthenticator(new TextEncoder().encode(seed));
  const connection = await connect({
    servers: natsUrl,
    authenticator,
    ...(user === 'admin' ? {} : { inboxPrefix: inboxPrefix(user) }),
  });
  connections.push(connection);
  return connection;
}

async function deadLetters(): Promise<{ code: string; reason: string; subject: string }[]> {
  const manager = await jetstreamManager(connections[0] ?? (await connectAs('admin')));
  const { state } = await manager.streams.info(streams.dead.name);
  const letters = [];
  for (let seq = state.first_seq; state.messages > 0 && seq <= state.last_seq; seq++) {
    const found = await manager.streams.getMessage(streams.dead.name, { seq });
    const header = (name: string): string => found?.header.get(name) ?? '';
    letters.push({
      code: header('Hone-Dead-Code'),
      reason: header('Hone-Dead-Reason'),
      subject: header('Hone-Dead-Subject'),
    });
  }
  return letters;
}

const createJob = async (count: number, epochs: number) =>
  client.fineTuning.jobs.create({
    model: 'hone-tiny',
    training_file: await upload(client, rows(count)),
    seed: 1,
    method: { type: 'supervised', supervised: { hyperparameters: { n_epochs: epochs } } },
  });

describe('poison', () => {
  it('ends among the dead letters with its reason, and good messages pass it by', async () => {
    await connectAs('admin');
    const serving = jetstream(await connectAs('serving'));
    const trainer = jetstream(await connectAs('trainer'));
    const poison = ['', 'not json', '[]', '{}', '{"turn":1}', Buffer.from([0xff, 0xfe, 0]), '{"turn":{}}'.repeat(100)];
    const job = await createJob(16, 2);
    for (const body of poison) await serving.publish(turnCompleted.subject, body);
    for (const body of ['{"job":', '{"job":"ftjob-unknown"}']) await trainer.publish(runStart.subject, body);
    await trainer.publish(runStart.subject, JSON.stringify({ job: 'ftjob-unknown', shards: digestOf('nothing') }));
    const expected = poison.length * consumersOf(turnCompleted).length + 3;
    await until(async () => (await deadLetters()).length >= expected, 60_000);
    const letters = await deadLetters();
    expect(letters).toHaveLength(expected);
    for (const letter of letters) {
      expect(letter.reason).not.toBe('');
      expect(letter.code).not.toBe('');
      expect([turnCompleted.subject, runStart.subject]).toContain(letter.subject);
    }
    expect(await ended(client, job.id)).toMatchObject({ status: 'succeeded' });
    const chat = await client.chat.completions.create({
      model: 'hone-tiny',
      messages: [{ role: 'user', content: 'hello' }],
      max_tokens: 4,
    });
    expect((await mesh.call('POST', '/v1/feedback', { turn: chat.id, rating: 'up' })).status).toBe(200);
    const manager = await jetstreamManager(connections[0] as NatsConnection);
    await until(async () => (await manager.streams.info(streams.commands.name)).state.messages === 0, 60_000);
    for (const name of mesh.names()) expect(mesh.process(name).restarts).toBe(0);
  });

  it('of a size that no message has is refused by the bus itself', async () => {
    const serving = jetstream(await connectAs('serving'));
    const sent = serving.publish(turnCompleted.subject, Buffer.alloc(2 * 1024 * 1024, 'a'));
    await expect(sent).rejects.toThrow();
  });
});

describe('an adapter for another base', () => {
  it('gets no name, and its job fails with both fingerprints', async () => {
    const trainer = jetstream(await connectAs('trainer'));
    const store = new ArtifactStore(new DirectoryDriver(join(mesh.home, 'objects')));
    const { id } = await createJob(64, 100);
    await until(async () => (await client.fineTuning.jobs.retrieve(id)).status === 'running', 60_000);
    const dataset = await store.putManifest({ kind: 'none' });
    const otherBase = digestOf('another base');
    const manifest = await store.putManifest({
      kind: 'adapter',
      files: [{ ...(await store.put('weights')), path: 'adapter_model.safetensors' }],
      base: otherBase,
      rank: 4,
      dataset,
      shards: dataset,
      hyperparameters: {},
      seed: 1,
    });
    const model = `ft:hone-tiny:hone::${id.slice(-8)}`;
    const run = { job: id, model, base: 'hone-tiny', manifest, dataset, shards: dataset };
    const result = { ...run, steps: 1, trainedTokens: 1, tokensPerSecond: 1, metrics: {} };
    await trainer.publish(runFinished.subject, JSON.stringify(result));
    const job = await ended(client, id);
    expect(job).toMatchObject({ status: 'failed', fine_tuned_model: null, error: { code: 'wrong_base' } });
    expect(job.error?.message).toContain(otherBase);
    expect(await modelsOf(client, id)).toEqual([]);
    // The run of the failed job stops, so that the next one has its turn.
    expect(await ended(client, (await createJob(8, 1)).id)).toMatchObject({ status: 'succeeded' });
    expect((await client.fineTuning.jobs.retrieve(id)).status).toBe('failed');
  });
});
