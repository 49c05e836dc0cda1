// Goal: every promise of the mesh holds against a real nats-server.
import { refusal } from '@hone/base';
import { command, event, type InputOf, rpc } from '@hone/contracts';
import { type Bus, startBus, until } from '@hone/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import type { Mesh } from './mesh.js';

const word = z.looseObject({ text: z.string().min(1) });
const shared = { owner: 'trainer', summary: 'test', input: word, example: { text: 'a' }, counterExample: {} } as const;
const echo = rpc({ ...shared, name: 'word.echo', callers: ['gateway'], reply: word, timeoutMs: 2000 });
const spell = rpc({ ...shared, name: 'word.spell', callers: ['gateway'], reply: word, streamed: true });
const carve = command({
  ...shared,
  name: 'word.carve',
  senders: ['gateway'],
  delivery: { ackWaitMs: 600, deliveriesMax: 3, backoffMs: [20] },
});
const told = event({ ...shared, name: 'word.told', readers: ['reward', 'evaluator'] });
const messages = [echo, spell, carve, told];

describe('mesh', () => {
  let bus: Bus;
  let asker: Mesh;
  let worker: Mesh;

  beforeAll(async () => {
    bus = await startBus({ messages });
    asker = await bus.connect('gateway');
    worker = await bus.connect('trainer');
    worker.listen(echo, async (input) => {
      const { text } = input as InputOf<typeof echo>;
      if (text === 'forbidden') throw refusal('word_forbidden', 'not this word', { status: 403, param: 'text' });
      return text === 'wrong' ? { text: 7 } : { text: `${text}!` };
    });
    await worker.flush();
  });
  afterAll(() => bus.stop());

  it('answers a request with the checked reply', async () => {
    expect(await asker.request(echo, { text: 'hello' })).toEqual({ text: 'hello!' });
  });

  it('carries a refusal with its code, status and parameter to the caller', async () => {
    await expect(asker.request(echo, { text: 'forbidden' })).rejects.toMatchObject({
      kind: 'refusal',
      code: 'word_forbidden',
      status: 403,
      param: 'text',
    });
  });

  it('calls a reply that breaks its schema a bug of the responder', async () => {
    await expect(asker.request(echo, { text: 'wrong' })).rejects.toMatchObject({
      kind: 'bug',
      code: 'invalid_message',
    });
  });

  it('refuses an input that breaks its schema before it is sent, without quoting it', async () => {
    await expect(asker.request(echo, { text: '' })).rejects.toMatchObject({
      kind: 'refusal',
      param: 'text',
      message: expect.stringContaining('a string of 0 characters'),
    });
  });

  it('refuses a message over 64 KiB and says where the bytes belong', async () => {
    await expect(asker.request(echo, { text: 'x'.repeat(70_000) })).rejects.toMatchObject({
      code: 'message_too_large',
      message: expect.stringContaining('object store'),
    });
  });

  it('does a command once for two sends of the same content, and tells every reader of an event', async () => {
    const done: string[] = [];
    const readers = await Promise.all([bus.connect('reward'), bus.connect('evaluator')]);
    const heard = new Set<string>();
    for (const reader of readers) reader.listen(told, async () => void heard.add(reader.service));
    worker.listen(carve, async (input) => {
      done.push((input as InputOf<typeof carve>).text);
    });
    const first = await asker.send(carve, { text: 'once' });
    const second = await asker.send(carve, { text: 'once' });
    expect([first.isDuplicate, second.isDuplicate]).toEqual([false, true]);
    await worker.emit(told, { text: 'fact' }, { id: 'fact-1' });
    await until(() => done.length === 1 && heard.size === 2);
    expect(done).toEqual(['once']);
  });
});
