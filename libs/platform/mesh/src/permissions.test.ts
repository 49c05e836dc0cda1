// Goal: with the book's permissions a service can do all that its messages say, and nothing else; a denial is never silent.
import { aliasGet, chatComplete, type InputOf, ledgers, modelList, runStart, turnCompleted } from '@hone/contracts';
import { type SecureBus, startSecureBus, until } from '@hone/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { connectMesh } from './mesh.js';

const anything = z.looseObject({});

describe('the bus with the permissions of the book', () => {
  let bus: SecureBus;

  beforeAll(async () => {
    bus = await startSecureBus();
  });
  afterAll(() => bus.stop());

  it('lets a caller ask and an owner answer', async () => {
    const registry = await bus.connect('registry');
    const gateway = await bus.connect('gateway');
    const heard: unknown[] = [];
    registry.listen(aliasGet, async (input) => {
      heard.push(input);
      throw new Error('reached');
    });
    await registry.flush();
    await expect(gateway.request(aliasGet, aliasGet.example as InputOf<typeof aliasGet>)).rejects.toMatchObject({
      message: 'reached',
    });
    expect(heard).toHaveLength(1);
  });

  it('lets a stream flow and its reader cancel it', async () => {
    const serving = await bus.connect('serving');
    const gateway = await bus.connect('gateway');
    let cancelled = false;
    serving.listen(chatComplete, async (_input, { signal }) => {
      signal.addEventListener('abort', () => (cancelled = true));
      return (async function* (): AsyncGenerator<unknown> {
        await new Promise((resolve) => setTimeout(resolve, 60_000).unref());
        yield {};
      })();
    });
    await serving.flush();
    const abort = new AbortController();
    const reading = gateway.requestStream(chatComplete, chatComplete.example, { signal: abort.signal }).next();
    setTimeout(() => abort.abort(), 50);
    await expect(reading).rejects.toMatchObject({ code: 'request_aborted' });
    await until(() => cancelled);
  });

  it('lets a command and an event reach their consumers, be acknowledged and be buried', async () => {
    const trainer = await bus.connect('trainer');
    const seen: string[] = [];
    trainer.listen(runStart, async () => {
      seen.push('run');
      throw Object.assign(new Error('no'), {});
    });
    const sender = await bus.connect(runStart.peers[0] ?? 'trainer');
    await sender.send(runStart, runStart.example);
    await until(() => seen.length > 0);
    const serving = await bus.connect('serving');
    const curation = await bus.connect('data-curation');
    curation.listen(turnCompleted, async () => void seen.push('turn'));
    await serving.emit(turnCompleted, turnCompleted.example);
    await until(() => seen.includes('turn'));
    expect(
      await Promise.race([
        trainer.ended,
        curation.ended,
        new Promise((resolve) => setTimeout(() => resolve('open'), 100)),
      ]),
    ).toBe('open');
  });

  it('lets an owner write, list and watch its ledger, and a reader read but not write it', async () => {
    const models = (await bus.connect('registry')).ledger(ledgers.models, 'probe', anything);
    const serving = await bus.connect('serving');
    const view = serving.ledger(ledgers.models, 'probe', anything);
    await models.create('one', { a: 1 });
    const seen: string[] = [];
    await view.watch((change) => void (change.type === 'put' && seen.push(change.entry.id)));
    await models.create('two', { a: 2 });
    await until(() => seen.length === 2);
    expect((await view.list()).map(({ id }) => id)).toEqual(['one', 'two']);
    expect((await view.find('two')).value).toEqual({ a: 2 });
    await expect(view.create('three', {})).rejects.toMatchObject({ code: 'ledger_unavailable' });
    expect(await serving.ended).toMatchObject({ code: 'bus_permission_denied' });
  });

  it('ends a service that publishes what the book does not let it', async () => {
    const reward = await bus.connect('reward');
    reward.unwrap().publish(modelList.subject, '{}');
    expect(await reward.ended).toMatchObject({
      code: 'bus_permission_denied',
      details: { operation: 'publish', subject: modelList.subject },
    });
  });

  it('ends a service that listens on the inbox of another', async () => {
    const reward = await bus.connect('reward');
    reward.unwrap().subscribe('_INBOX_gateway.>', { callback: () => {} });
    expect(await reward.ended).toMatchObject({ code: 'bus_permission_denied', details: { operation: 'subscription' } });
  });

  it('lets nobody in without a key', async () => {
    await expect(connectMesh({ service: 'gateway', url: bus.nats.url })).rejects.toMatchObject({
      code: 'bus_unavailable',
    });
  });
});
