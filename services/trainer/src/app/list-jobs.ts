import { checkpointList, eventList, jobList, newestFirst, pageOf, type InputOf, type ReplyOf } from '@hone/contracts';
import type { JobStore } from './job-store.js';

/** Newest first by time: an id alone says nothing about it, those of retrained jobs are hashes. */
export async function listJobs(
  store: JobStore,
  { after, limit, metadata }: InputOf<typeof jobList>,
): Promise<ReplyOf<typeof jobList>> {
  const entries = await store.jobs.list();
  const wanted = Object.entries(metadata ?? {});
  const jobs = entries
    .map(({ value }) => value)
    .filter((job) => wanted.every(([key, value]) => job.metadata[key] === value));
  return pageOf(newestFirst(jobs), { after, limit });
}

export async function listEvents(
  store: JobStore,
  { job, after, limit }: InputOf<typeof eventList>,
): Promise<ReplyOf<typeof eventList>> {
  await store.jobs.find(job);
  const events = (await store.events.list(job)).map(({ value }) => value).reverse();
  return pageOf(events, { after, limit });
}

export async function listCheckpoints(
  store: JobStore,
  { job, after, limit }: InputOf<typeof checkpointList>,
): Promise<ReplyOf<typeof checkpointList>> {
  await store.jobs.find(job);
  const checkpoints = (await store.checkpoints.list(job)).map(({ value }) => value).sort((a, b) => b.step - a.step);
  return pageOf(checkpoints, { after, limit });
}
