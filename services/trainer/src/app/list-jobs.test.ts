// Goal: the lists of jobs and events are newest first in time, and a cursor walks them once through. Method: a real ledger.
import { hyperparameters, type JobEntry } from '@hone/contracts';
import { type Bus, startBus } from '@hone/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { JobStore } from './job-store.js';
import { listEvents, listJobs } from './list-jobs.js';

/** Ids as hashes give them: their order has nothing to do with time. Two jobs share a second. */
const created: [id: string, createdAt: number][] = [
  ['ftjob-e1', 100],
  ['ftjob-07', 300],
  ['ftjob-c4', 200],
  ['ftjob-5a', 400],
  ['ftjob-99', 300],
];
const newest = ['ftjob-5a', 'ftjob-99', 'ftjob-07', 'ftjob-c4', 'ftjob-e1'];

const jobOf = (id: string, createdAt: number): JobEntry => ({
  id,
  status: 'queued',
  model: 'tiny',
  method: 'supervised',
  hyperparameters: hyperparameters.parse({}),
  seed: 1,
  cancelRequested: false,
  metadata: createdAt === 300 ? { team: 'desk' } : {},
  createdAt,
});

describe('the jobs of a trainer', () => {
  let bus: Bus;
  let store: JobStore;
  beforeAll(async () => {
    bus = await startBus();
    store = new JobStore(await bus.connect('trainer'));
    for (const [id, createdAt] of created) await store.jobs.create(id, jobOf(id, createdAt));
  });
  afterAll(() => bus?.stop());

  it('are listed newest first by the time of their creation', async () => {
    const { data, hasMore } = await listJobs(store, { limit: 20 });
    expect(data.map(({ id }) => id)).toEqual(newest);
    expect(hasMore).toBe(false);
    const ofDesk = await listJobs(store, { limit: 20, metadata: { team: 'desk' } });
    expect(ofDesk.data.map(({ id }) => id)).toEqual(['ftjob-99', 'ftjob-07']);
  });

  it.each([1, 2, 3, 5])('are walked once through in pages of %i', async (limit) => {
    const seen: string[] = [];
    for (let hasMore = true; hasMore;) {
      const after = seen.at(-1);
      const page = await listJobs(store, { limit, ...(after === undefined ? {} : { after }) });
      seen.push(...page.data.map(({ id }) => id));
      ({ hasMore } = page);
    }
    expect(seen).toEqual(newest);
  });

  it('refuse a cursor that was never given instead of beginning anew', async () => {
    await expect(listJobs(store, { limit: 2, after: 'ftjob-none' })).rejects.toMatchObject({ code: 'unknown_cursor' });
  });

  it('tell their events newest first, also those of one second', async () => {
    for (const key of ['created', 'queued', 'step-9', 'step-10']) await store.tell('ftjob-5a', key, { message: key });
    const { data } = await listEvents(store, { job: 'ftjob-5a', limit: 3 });
    expect(data.map(({ message }) => message)).toEqual(['step-10', 'step-9', 'queued']);
    const rest = await listEvents(store, { job: 'ftjob-5a', limit: 3, after: data.at(-1)?.id });
    expect(rest).toMatchObject({ data: [{ message: 'created' }], hasMore: false });
  });
});
