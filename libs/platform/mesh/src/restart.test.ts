// Goal: a crash of nats-server costs no acknowledged message and no restart of a service.
import { command, event, type InputOf, rpc } from '@hone/contracts';
import { type Bus, startBus, until } from '@hone/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import type { Mesh } from './mesh.js';

const item = z.looseObject({ n: z.int() });
const shared = { owner: 'trainer', summary: 'test', input: item, example: { n: 1 }, counterExample: {} } as const;
const delivery = { ackWaitMs: 1000, deliveriesMax: 20, backoffMs: [50] };
const work = command({ ...shared, name: 'item.work', senders: ['gateway'], delivery });
const told = event({ ...shared, name: 'item.told', readers: ['registry'], delivery });
const ask = rpc({ ...shared, name: 'item.ask', callers: ['gateway'], reply: item });

describe('a crash of nats-server', () => {
  let bus: Bus;
  let sender: Mesh;
  const worked = new Map<number, number>();
  const heard = new Set<number>();
  const count = 300;

  beforeAll(async () => {
    bus = await startBus({ messages: [work, told, ask] });
    sender = await bus.connect('gateway');
    const worker = await bus.connect('trainer');
    const reader = await bus.connect('registry');
    worker.listen(ask, async (input) => input);
    worker.listen(work, async (input) => {
      const { n } = input as InputOf<typeof work>;
      worked.set(n, (worked.get(n) ?? 0) + 1);
      await worker.emit(told, { n });
    });
    reader.listen(told, async (input) => void heard.add((input as InputOf<typeof told>).n));
    await worker.flush();
  });
  afterAll(() => bus.stop());

  it('loses nothing that was acknowledged: every command is done and every event heard', async () => {
    const sending = (async () => {
      for (let n = 0; n < count; n++) await sender.send(work, { n });
    })();
    for (let crash = 0; crash < 3; crash++) {
      await until(() => worked.size > crash * 60 + 20);
      await bus.nats.kill();
      await bus.nats.start();
    }
    await sending;
    await until(() => heard.size === count, 60_000);
    expect(worked.size).toBe(count);
  });

  it('leaves requests working, without a restart of either side', async () => {
    expect(await sender.request(ask, { n: 7 })).toEqual({ n: 7 });
    expect(sender.waitingFor()).toEqual([]);
  });

  it('makes a request during the outage fail with a fault in its own time', async () => {
    await bus.nats.kill();
    await expect(sender.request(ask, { n: 8 }, { timeoutMs: 300 })).rejects.toMatchObject({ kind: 'fault' });
    expect(sender.waitingFor()).toEqual(['the connection to NATS']);
    await bus.nats.start();
    await until(() =>
      sender.request(ask, { n: 9 }).then(
        () => true,
        () => false,
      ),
    );
  });
});
