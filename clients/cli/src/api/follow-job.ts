import type OpenAI from 'openai';
import { setTimeout as pause } from 'node:timers/promises';

type Job = OpenAI.FineTuning.FineTuningJob;
export type JobEvent = OpenAI.FineTuning.FineTuningJobEvent;

/** A job with what only Hone tells. */
export type HoneJob = Job & {
  hone?: { tokens_per_second: number | null; dataset: string | null; retrain: { incumbent: string } | null };
};

const isOver = ({ status }: Job): boolean => ['succeeded', 'failed', 'cancelled'].includes(status);

/** Waits for the end of a job and hands over each of its events once, oldest first. */
export async function followJob(
  client: OpenAI,
  id: string,
  onEvent: (event: JobEvent) => void,
  { everyMs = 500 }: { everyMs?: number } = {},
): Promise<HoneJob> {
  const seen = new Set<string>();
  for (;;) {
    // The job is read before its events: events of an ended job are then complete.
    const job = (await client.fineTuning.jobs.retrieve(id)) as HoneJob;
    for (const event of await unseen(client, id, seen)) onEvent(event);
    if (isOver(job)) return job;
    await pause(everyMs);
  }
}

async function unseen(client: OpenAI, id: string, seen: Set<string>): Promise<JobEvent[]> {
  const fresh: JobEvent[] = [];
  for await (const event of client.fineTuning.jobs.listEvents(id, { limit: 100 })) {
    if (seen.has(event.id)) break;
    seen.add(event.id);
    fresh.push(event);
  }
  return fresh.reverse();
}

/** `step 12/90  loss 1.23  eta 34 s  2,100 tokens/s`, from a metrics event. */
export function stepLine(event: JobEvent): string | undefined {
  const data = (event.data ?? {}) as Record<string, unknown>;
  if (event.type !== 'metrics' || typeof data['step'] !== 'number') return undefined;
  const number = (name: string): number | undefined =>
    typeof data[name] === 'number' ? (data[name] as number) : undefined;
  const parts = [`step ${data['step']}${number('total_steps') === undefined ? '' : `/${number('total_steps')}`}`];
  const loss = number('train_loss');
  if (loss !== undefined) parts.push(`loss ${loss.toFixed(3)}`);
  const valid = number('valid_loss');
  if (valid !== undefined) parts.push(`valid ${valid.toFixed(3)}`);
  const eta = number('eta_seconds');
  if (eta !== undefined) parts.push(`eta ${Math.ceil(eta)} s`);
  const speed = number('tokens_per_second');
  if (speed !== undefined) parts.push(`${Math.round(speed)} tokens/s`);
  return parts.join('  ');
}
