// Goal: at least once on the wire, once in effect: what the mesh does with faults, refusals, crashes and slow work.
import { fault, refusal } from '@hone/base';
import { command, consumerName, type InputOf, streams } from '@hone/contracts';
import { type Bus, startBus, until } from '@hone/testkit';
import { jetstreamManager } from '@nats-io/jetstream';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { headerNames } from './header-names.js';
import type { Mesh } from './mesh.js';

const word = z.looseObject({ text: z.string().min(1) });
const shared = {
  owner: 'trainer',
  senders: ['gateway'],
  summary: 'test',
  input: word,
  example: { text: 'a' },
  counterExample: {},
} as const;
const delivery = { ackWaitMs: 500, deliveriesMax: 3, backoffMs: [10, 20] };
const slow = command({ ...shared, name: 'work.slow', delivery });
const shaky = command({ ...shared, name: 'work.shaky', delivery });
const refused = command({ ...shared, name: 'work.refused', delivery });
const hopeless = command({ ...shared, name: 'work.hopeless', delivery });
const poison = command({ ...shared, name: 'work.poison', delivery });
const lost = command({ ...shared, name: 'work.lost', delivery });
const roomless = command({ ...shared, name: 'work.roomless', delivery });
const queue = command({ ...shared, name: 'work.queue', delivery });

describe('delivery of commands', () => {
  let bus: Bus;
  let sender: Mesh;
  let worker: Mesh;

  beforeAll(async () => {
    bus = await startBus({ messages: [slow, shaky, refused, hopeless, poison, lost, queue, roomless] });
    sender = await bus.connect('gateway');
    worker = await bus.connect('trainer');
  });
  afterAll(() => bus.stop());

  const deadLetters = async (consumer: string) => {
    const manager = await jetstreamManager(sender.unwrap());
    const subject = `hone.v1.trainer.dead.${consumer}`;
    const { state } = await manager.streams.info(streams.dead.name, { subjects_filter: subject });
    const found = await manager.streams.getMessage(streams.dead.name, { last_by_subj: subject });
    return { count: state.subjects?.[subject] ?? 0, found };
  };
  const left = async (message: typeof slow) => {
    const manager = await jetstreamManager(sender.unwrap());
    const { state } = await manager.streams.info(streams.commands.name, { subjects_filter: message.subject });
    return state.subjects?.[message.subject] ?? 0;
  };

  it('keeps a message that is worked on longer than its ack wait', async () => {
    let runs = 0;
    worker.listen(slow, async () => {
      runs++;
      await new Promise((resolve) => setTimeout(resolve, 1600));
    });
    await sender.send(slow, { text: 'long' });
    await until(async () => runs > 0 && (await left(slow)) === 0);
    expect(runs).toBe(1);
  });

  it('tries again after a fault and tells the handler which attempt it is', async () => {
    const attempts: number[] = [];
    worker.listen(shaky, async (_input, { attempt }) => {
      attempts.push(attempt);
      if (attempt < 3) throw fault('disk_away', 'not now');
    });
    await sender.send(shaky, { text: 'again' });
    await until(async () => (await left(shaky)) === 0);
    expect(attempts).toEqual([1, 2, 3]);
  });

  it('waits within one delivery while there is no room, however often it must try', async () => {
    const attempts: number[] = [];
    worker.listen(roomless, async (_input, { attempt }) => {
      attempts.push(attempt);
      if (attempts.length === 2) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
      if (attempts.length < 4) throw fault('ledger_unavailable', 'no room');
    });
    await sender.send(roomless, { text: 'later' });
    await until(async () => (await left(roomless)) === 0);
    expect(attempts).toEqual([1, 1, 1, 1]);
    expect((await deadLetters(consumerName('trainer', roomless))).count).toBe(0);
  });

  it('buries a refused message at once, with its reason, and takes it from the queue', async () => {
    let runs = 0;
    worker.listen(refused, async () => {
      runs++;
      throw refusal('bad_dataset', 'this one cannot be built');
    });
    await sender.send(refused, { text: 'no' });
    await until(async () => (await left(refused)) === 0);
    const { count, found } = await deadLetters(consumerName('trainer', refused));
    expect([runs, count]).toEqual([1, 1]);
    expect(found?.header.get(headerNames.deadCode)).toBe('bad_dataset');
    expect(found?.header.get(headerNames.deadReason)).toBe('this one cannot be built');
    expect(found?.header.get(headerNames.deadSubject)).toBe(refused.subject);
    expect(found?.json()).toEqual({ text: 'no' });
  });

  it('buries a message whose last delivery failed, and strands none in the queue', async () => {
    const attempts: boolean[] = [];
    worker.listen(hopeless, async (_input, { isLastAttempt }) => {
      attempts.push(isLastAttempt);
      throw new Error('a bug');
    });
    await sender.send(hopeless, { text: 'never' });
    await until(async () => (await left(hopeless)) === 0);
    const { found } = await deadLetters(consumerName('trainer', hopeless));
    expect(attempts).toEqual([false, false, true]);
    expect(found?.header.get(headerNames.deadAttempts)).toBe('3');
  });

  it('buries bytes that are no message of the book, without calling the handler', async () => {
    let runs = 0;
    worker.listen(poison, async () => void runs++);
    sender.unwrap().publish(poison.subject, 'not json');
    sender.unwrap().publish(poison.subject, JSON.stringify({ text: 7 }));
    await sender.send(poison, { text: 'good' });
    await until(async () => (await left(poison)) === 0);
    const { count } = await deadLetters(consumerName('trainer', poison));
    expect([runs, count]).toEqual([1, 2]);
  });

  it('gives the message of a worker that died to another, and buries it when every delivery ends so', async () => {
    let starts = 0;
    for (let life = 0; life < 3; life++) {
      const mortal = await bus.connect('trainer');
      mortal.listen(lost, () => {
        starts++;
        return new Promise(() => {});
      });
      if (life === 0) await sender.send(lost, { text: 'deadly' });
      await until(() => starts === life + 1);
      await mortal.abandon();
    }
    let survivorRuns = 0;
    worker.listen(lost, async () => void survivorRuns++);
    await until(async () => (await left(lost)) === 0);
    const { found } = await deadLetters(consumerName('trainer', lost));
    expect(survivorRuns).toBe(0);
    expect(found?.header.get(headerNames.deadCode)).toBe('deliveries_exhausted');
  });

  it('hands one message at a time to a worker and shares a queue between replicas', async () => {
    const done: string[] = [];
    const busiest = new Map<Mesh, number>();
    for (const replica of [worker, await bus.connect('trainer')]) {
      let running = 0;
      replica.listen(queue, async (input) => {
        busiest.set(replica, Math.max(++running, busiest.get(replica) ?? 0));
        await new Promise((resolve) => setTimeout(resolve, 15));
        done.push((input as InputOf<typeof queue>).text);
        running--;
      });
    }
    const sent = Array.from({ length: 40 }, (_, index) => `work-${index}`);
    await Promise.all(sent.map((text) => sender.send(queue, { text })));
    await until(async () => (await left(queue)) === 0);
    expect([...done].sort()).toEqual([...sent].sort());
    expect([...busiest.values()]).toEqual([1, 1]);
  });
});
