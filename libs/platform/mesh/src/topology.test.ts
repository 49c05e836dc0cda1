// Goal: the server holds what the book says, and a service works only against what the book says.
import { command, consumerName, type LedgerSpec, streams } from '@hone/contracts';
import { type NatsServer, startNats, until } from '@hone/testkit';
import { jetstreamManager } from '@nats-io/jetstream';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { connectMesh, type Mesh } from './mesh.js';
import { refuseDifference } from './topology.js';

const word = z.looseObject({ text: z.string() });
const shared = {
  owner: 'trainer',
  senders: ['gateway'],
  summary: 'test',
  input: word,
  example: { text: 'a' },
  counterExample: {},
} as const;
const work = command({ ...shared, name: 'word.work' });
const patient = command({ ...shared, name: 'word.work', delivery: { ackWaitMs: 90_000 } });
const ledger: LedgerSpec = {
  bucket: 'words',
  owner: 'trainer',
  readers: [],
  history: 2,
  bytesMax: 1024 * 1024,
  summary: 'test',
};

describe('topology', () => {
  let nats: NatsServer;
  let admin: Mesh;
  const meshes: Mesh[] = [];

  beforeAll(async () => {
    nats = await startNats();
    admin = await connectMesh({ service: 'gateway', url: nats.url });
  });
  afterEach(async () => {
    for (const mesh of meshes.splice(0)) await mesh.abandon();
  });
  afterAll(async () => {
    await admin.abandon();
    await nats.stop();
  });

  it('lets a service wait for its consumer, say so, and begin when it is there', async () => {
    const lines: string[] = [];
    const log = { info: (_fields: object, text: string) => void lines.push(text), warn: () => {}, error: () => {} };
    const worker = await connectMesh({ service: 'trainer', url: nats.url, log });
    meshes.push(worker);
    const done: unknown[] = [];
    worker.listen(work, async (input) => void done.push(input));
    await until(() =>
      lines.some((line) => line.includes('waiting for consumer trainer-trainer-word-work on COMMANDS')),
    );
    expect(worker.waitingFor()).toEqual(['consumer trainer-trainer-word-work']);
    await admin.ensureTopology({ messages: [work], ledgers: [ledger] });
    await admin.send(work, { text: 'first' });
    await until(() => done.length === 1);
    expect(worker.waitingFor()).toEqual([]);
  });

  it('makes streams that refuse work when they are full and keep what was promised', async () => {
    const manager = await jetstreamManager(admin.unwrap());
    const { config } = await manager.streams.info(streams.commands.name);
    expect(config).toMatchObject({
      retention: 'workqueue',
      storage: 'file',
      discard: 'new',
      max_bytes: streams.commands.bytesMax,
    });
    expect((await manager.streams.info('KV_words')).config).toMatchObject({
      max_msgs_per_subject: 2,
      deny_delete: true,
      allow_rollup_hdrs: true,
    });
  });

  it('changes nothing the second time and follows the book when it changes', async () => {
    await admin.send(work, { text: 'waiting' });
    await admin.ensureTopology({ messages: [work], ledgers: [ledger] });
    await admin.ensureTopology({ messages: [patient], ledgers: [{ ...ledger, history: 4 }] });
    const manager = await jetstreamManager(admin.unwrap());
    const { config, num_pending } = await manager.consumers.info(
      streams.commands.name,
      consumerName('trainer', patient),
    );
    expect([config.ack_wait, num_pending]).toEqual([90_000_000_000, 1]);
    expect((await manager.streams.info('KV_words')).config.max_msgs_per_subject).toBe(4);
  });

  it('keeps a service from working against a consumer that differs from its book', async () => {
    const warnings: string[] = [];
    const log = {
      info: (_fields: object, text: string) => void warnings.push(text),
      warn: (fields: object, text: string) => void warnings.push(JSON.stringify(fields) + text),
      error: () => {},
    };
    const old = await connectMesh({ service: 'trainer', url: nats.url, log });
    meshes.push(old);
    let runs = 0;
    old.listen(work, async () => void runs++);
    await until(() => warnings.some((line) => line.includes('waiting for consumer')));
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect([runs, old.waitingFor()]).toEqual([0, ['consumer trainer-trainer-word-work']]);
    await admin.ensureTopology({ messages: [work], ledgers: [ledger] });
    await until(() => runs === 1);
  });

  it('names the flag that a server dropped', () => {
    expect(() => refuseDifference('stream X', { discard: 'new', no_ack: false }, { discard: 'old' })).toThrow(
      '[stream X] expected "new" for discard but received "old"',
    );
    expect(() => refuseDifference('stream X', { allow_direct: true }, {})).toThrow(
      'for allow_direct but received nothing',
    );
    expect(() => refuseDifference('stream X', { no_ack: false, max_age: 0 }, {})).not.toThrow();
  });
});
