// Goal: one winner per revision, no write through a lost lease, and a watcher that misses nothing.
import type { LedgerSpec } from '@hone/contracts';
import { type Bus, startBus, until } from '@hone/testkit';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import type { Ledger, LedgerChange } from './ledger.js';

const spec: LedgerSpec = {
  bucket: 'counts',
  owner: 'trainer',
  readers: [],
  history: 4,
  bytesMax: 16 * 1024 * 1024,
  summary: 'test',
};
const schema = z.looseObject({ count: z.int(), note: z.string().optional() });
type Count = z.output<typeof schema>;

describe('ledger', () => {
  let bus: Bus;
  let counts: Ledger<Count>;
  let other: Ledger<Count>;

  beforeAll(async () => {
    bus = await startBus({ messages: [], ledgers: [spec] });
    counts = (await bus.connect('trainer')).ledger(spec, 'count', schema);
    other = (await bus.connect('trainer')).ledger(spec, 'count', schema);
  });
  afterAll(() => bus.stop());

  it('leaves no reader behind on the server, however often it is listed', async () => {
    const nats = await connect({ servers: bus.nats.url });
    const { streams } = await jetstreamManager(nats);
    const readers = async () => (await streams.info('KV_counts')).state.consumer_count;
    const before = await readers();
    for (let asked = 0; asked < 20; asked++) expect(await counts.list('nobody')).toEqual([]);
    await counts.create('listed.once', { count: 1 });
    for (let asked = 0; asked < 20; asked++) expect(await counts.list('listed')).toHaveLength(1);
    await until(async () => (await readers()) === before);
    await nats.close();
  });

  it('lets one of many creators win', async () => {
    const tries = await Promise.allSettled(
      Array.from({ length: 16 }, (_, count) => (count % 2 ? counts : other).create('race', { count })),
    );
    const lost = tries.filter((result) => result.status === 'rejected');
    expect(lost).toHaveLength(15);
    for (const { reason } of lost) expect(reason).toMatchObject({ code: 'ledger_conflict', status: 409 });
  });

  it('loses no change of concurrent writers', async () => {
    await counts.create('sum', { count: 0 });
    const add = (ledger: Ledger<Count>) => ledger.change('sum', ({ count }) => ({ count: count + 1 }));
    for (let round = 0; round < 20; round++) await Promise.all([add(counts), add(other), add(counts)]);
    expect((await counts.find('sum')).value.count).toBe(60);
  });

  it('refuses an update against an older revision and changes nothing', async () => {
    const first = await counts.create('stale', { count: 1 });
    await other.update(first, { count: 2 });
    await expect(counts.update(first, { count: 3 })).rejects.toMatchObject({ code: 'ledger_conflict' });
    expect((await counts.find('stale')).value.count).toBe(2);
  });

  it('refuses the late result of a worker whose lease another one took', async () => {
    await counts.create('lease', { count: 0 });
    const first = await counts.claim('lease', (value) => ({ ...value, note: 'first' }));
    await first.change((value) => ({ ...value, count: 1 }));
    const second = await other.claim('lease', (value) => ({ ...value, note: 'second' }));
    await expect(first.change((value) => ({ ...value, count: 99 }))).rejects.toMatchObject({ code: 'lease_lost' });
    expect((await first.look()).isHeld).toBe(false);
    await second.change((value) => ({ ...value, count: 2 }));
    expect((await counts.find('lease')).value).toEqual({ count: 2, note: 'second' });
  });

  it('keeps what others write into an entry that is leased', async () => {
    await counts.create('shared', { count: 0 });
    const lease = await counts.claim('shared', (value) => value);
    await other.change('shared', (value) => ({ ...value, note: 'cancel, please' }));
    expect((await lease.change((value) => ({ ...value, count: 1 }))).value).toEqual({
      count: 1,
      note: 'cancel, please',
    });
  });

  it('creates once and returns what is there the second time', async () => {
    expect(await counts.ensure('once', { count: 1 })).toMatchObject({ isNew: true });
    expect(await other.ensure('once', { count: 2 })).toMatchObject({ isNew: false, entry: { value: { count: 1 } } });
  });

  it('lists the entries of a prefix or of an id, without the deleted', async () => {
    const events = (await bus.connect('trainer')).ledger(spec, 'event', schema);
    expect(await events.list()).toEqual([]);
    for (const id of ['job-1.1', 'job-1.2', 'job-2.1']) await events.create(id, { count: 1 });
    await events.delete(await events.find('job-1.2'));
    expect((await events.list()).map(({ id }) => id)).toEqual(['job-1.1', 'job-2.1']);
    expect((await events.list('job-1')).map(({ id }) => id)).toEqual(['job-1.1']);
    await events.create('job-1.2', { count: 3 });
    expect((await events.find('job-1.2')).value.count).toBe(3);
  });

  it('names the missing entry and refuses ids that are no ids', async () => {
    await expect(counts.find('nobody')).rejects.toMatchObject({ code: 'count_not_found', status: 404 });
    for (const id of ['a b', '../x', 'a.*', '>', 'a..b', '', '.', 'é']) {
      await expect(counts.get(id)).rejects.toMatchObject({ code: 'invalid_id' });
    }
  });

  it('tells a watcher the present entries and then every change, also across a crash of the server', async () => {
    const seen = (await bus.connect('trainer')).ledger(spec, 'seen', schema);
    const stop = new AbortController();
    const changes: LedgerChange<Count>[] = [];
    await seen.create('a', { count: 1 });
    await seen.watch((change) => void changes.push(change), { signal: stop.signal });
    expect(changes).toHaveLength(1);
    const b = await seen.create('b', { count: 1 });
    await seen.delete(b);
    await bus.nats.kill();
    await bus.nats.start();
    await until(() =>
      seen
        .change('a', () => ({ count: 2 }))
        .then(
          () => true,
          () => false,
        ),
    );
    await until(() => changes.length === 4);
    expect(
      changes.map((change) =>
        change.type === 'put' ? `${change.entry.id}=${change.entry.value.count}` : `-${change.id}`,
      ),
    ).toEqual(['a=1', 'b=1', '-b', 'a=2']);
    stop.abort();
  });
});
