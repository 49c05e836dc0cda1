import { setTimeout as pause } from 'node:timers/promises';
import { APIConnectionError, APIError } from 'openai';
import { ApiError } from '../api/connection.js';
import { CliError } from '../exit-codes.js';

const patienceMs = 60_000;

/** Whether asking again may help: the mesh, or a part of it, is restarting. */
export function isPassing(thrown: unknown): boolean {
  if (thrown instanceof ApiError) return thrown.status >= 500 || thrown.status === 429;
  if (thrown instanceof APIConnectionError) return true;
  if (thrown instanceof APIError) return (thrown.status ?? 500) >= 500 || thrown.status === 429;
  return thrown instanceof TypeError && thrown.message === 'fetch failed';
}

/** Does something that may be repeated until it succeeds or its failure will not pass. */
export async function patiently<T>(work: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    try {
      return await work();
    } catch (thrown) {
      if (!isPassing(thrown) || performance.now() > deadline) throw thrown;
      await pause(300);
    }
  }
}

/** Looks until there is something to see. */
export async function until<T>(
  what: string,
  withinMs: number,
  look: () => Promise<T | undefined>,
  everyMs = 250,
): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const found = await patiently(look);
    if (found !== undefined) return found;
    if (performance.now() > deadline) throw new CliError(`[demo] expected ${what} within ${withinMs / 1000} s`);
    await pause(everyMs);
  }
}
