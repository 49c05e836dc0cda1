import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type ErrorBody, fault } from '@hone/base';

/** What plan-main is asked. */
export interface PlanQuestion {
  readonly folder: string;
  readonly train?: object | undefined;
  readonly serve?: object | undefined;
}

/** Longer than any plan takes: what is not done by then was asked for more than can be counted. */
const planMsMax = 60_000;
const answerBytesMax = 2 ** 20;

/**
 * Plans in a process of its own: counting holds its thread, the counters of the null device are its process's, and a question that
 * takes too much ends that process alone.
 */
export function planApart<P>(
  question: PlanQuestion,
  signal?: AbortSignal,
): Promise<{ plan: P } | { error: ErrorBody }> {
  const main = fileURLToPath(new URL('./plan-main.js', import.meta.url));
  const options = { timeout: planMsMax, maxBuffer: answerBytesMax, killSignal: 'SIGKILL', signal } as const;
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [main, JSON.stringify(question)], options, (error, stdout, stderr) => {
      const line = stdout.trim().split('\n').at(-1) ?? '';
      if (!error && line.startsWith('{')) resolve(JSON.parse(line) as { plan: P } | { error: ErrorBody });
      else
        reject(
          ended(error?.killed ? `${planMsMax / 1000} s were over` : stderr.trim().split('\n').at(-1) || 'no word'),
        );
    });
  });
}

const ended = (why: string) =>
  fault('planner_ended', `[plan] expected a plan but the planner ended: ${why}; fix: ask for less`, { status: 500 });
