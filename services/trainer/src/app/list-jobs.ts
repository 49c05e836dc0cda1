import { checkpointList, eventList, jobList, type InputOf, type ReplyOf } from '@hone/contracts';
import type { JobStore } from './job-store.js';

/** Newest first, after the item that the last page ended with, as the OpenAI API pages. */
function page<T extends { id: string }>(
  newestFirst: T[],
  after: string | undefined,
  limit: number,
): { data: T[]; hasMore: boolean } {
  const start = after === undefined ? 0 : newestFirst.findIndex(({ id }) => id === after) + 1;
  return { data: newestFirst.slice(start, start + limit), hasMore: newestFirst.length > start + limit };
}

export async function listJobs(
  store: JobStore,
  { after, limit, metadata }: InputOf<typeof jobList>,
): Promise<ReplyOf<typeof jobList>> {
  const entries = await store.jobs.list();
  const wanted = Object.entries(metadata ?? {});
  const jobs = entries
    .map(({ value }) => value)
    .filter((job) => wanted.every(([key, value]) => job.metadata[key] === value))
    .sort((a, b) => (a.id < b.id ? 1 : -1));
  return page(jobs, after, limit);
}

export async function listEvents(
  store: JobStore,
  { job, after, limit }: InputOf<typeof eventList>,
): Promise<ReplyOf<typeof eventList>> {
  await store.jobs.find(job);
  const events = (await store.events.list(job)).map(({ value }) => value).reverse();
  return page(events, after, limit);
}

export async function listCheckpoints(
  store: JobStore,
  { job, after, limit }: InputOf<typeof checkpointList>,
): Promise<ReplyOf<typeof checkpointList>> {
  await store.jobs.find(job);
  const checkpoints = (await store.checkpoints.list(job)).map(({ value }) => value).sort((a, b) => b.step - a.step);
  return page(checkpoints, after, limit);
}
