import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { fault, refusal } from '@hone/base';
import { cancelMeeting } from './meeting.js';
import { NewsStream } from './news-stream.js';
import type { RunningTraining, TrainingNews, TrainingOrder } from './protocol.js';

const program = fileURLToPath(new URL('./rank.js', import.meta.url));

/**
 * Starts a process for each device of a data-parallel run. On GPUs they are children of this one that meet over NCCL; on the processor
 * mpiexec starts them (HONE_MPIEXEC names it where PATH does not), as MPI wants it. If one of them ends in an error, all do.
 */
export function startTrainingGroup(order: TrainingOrder, processes: number, device: 'cpu' | 'cuda'): RunningTraining {
  const { folder, orderFile } = written(order);
  return running(folder, device === 'cuda' ? onCards(orderFile, processes) : underMpi(orderFile, processes));
}

/** Starts a run on one device in a process of its own, which chooses the device as this one would. */
export function startTrainingProcess(order: TrainingOrder): RunningTraining {
  const { folder, orderFile } = written(order);
  const env = { ...process.env, HONE_RANK: '0', HONE_WORLD_SIZE: '1' };
  return running(folder, [spawn(process.execPath, [program, orderFile], { stdio, env })]);
}

/** The order as its processes find it. */
function written(order: TrainingOrder): { folder: string; orderFile: string } {
  const folder = join(order.runFolder, 'group');
  mkdirSync(folder, { recursive: true });
  const orderFile = join(folder, 'order.json');
  writeFileSync(orderFile, JSON.stringify(order));
  return { folder, orderFile };
}

function running(folder: string, children: readonly ChildProcess[]): RunningTraining {
  const stream = new NewsStream();
  const stop = (): void => children.forEach((child) => child.kill('SIGKILL'));
  let left = children.length;
  for (const child of children) {
    const errors = lastLines(child);
    createInterface({ input: child.stdout as NonNullable<typeof child.stdout> }).on('line', (line) => {
      if (line.startsWith('{')) stream.hear(JSON.parse(line) as TrainingNews);
    });
    child.on('error', (error) => stream.end(notStarted(child.spawnfile, error)));
    child.on('close', (code, signal) => {
      left--;
      if (code !== 0) {
        stream.end(crashed(`${signal ?? `exit code ${code}`}${errors()}`));
        stop();
      } else if (left === 0) {
        stream.end('done');
      }
    });
  }
  return {
    news: stream.read(),
    cancel: () => cancelMeeting(folder),
    terminate: async () => {
      const alive = children.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null);
      stop();
      await Promise.all(alive.filter(({ pid }) => pid !== undefined).map((child) => once(child, 'close')));
    },
  };
}

const stdio: ['ignore', 'pipe', 'pipe'] = ['ignore', 'pipe', 'pipe'];

const onCards = (orderFile: string, processes: number): ChildProcess[] =>
  Array.from({ length: processes }, (_, rank) => {
    const place = { HONE_RANK: `${rank}`, HONE_WORLD_SIZE: `${processes}`, HONE_CUDA_DEVICE: `${rank}` };
    return spawn(process.execPath, [program, orderFile], { stdio, env: { ...process.env, ...place } });
  });

const underMpi = (orderFile: string, processes: number): ChildProcess[] => [
  spawn(process.env.HONE_MPIEXEC ?? 'mpiexec', ['-n', `${processes}`, process.execPath, program, orderFile], { stdio }),
];

/** What a process said last, for the error of its end. */
function lastLines(child: ChildProcess): () => string {
  const lines: string[] = [];
  createInterface({ input: child.stderr as NonNullable<typeof child.stderr> }).on('line', (line) => {
    lines.push(line);
    if (lines.length > 8) lines.shift();
  });
  return () => (lines.length === 0 ? '' : `: ${lines.join(' | ')}`);
}

const notStarted = (program: string, { message }: Error) =>
  refusal(
    'invalid_argument',
    `[arguments] num_processes wants ${program} on this machine, which did not start: ${message}; fix: install an MPI ` +
      '(pip install mpich) and set HONE_MPIEXEC and HONE_MPI_LIBRARY, or leave num_processes out',
    { param: 'num_processes' },
  );

const crashed = (how: string) =>
  fault('engine_crashed', `[trainer] a process of the run ended with an error: ${how}`, {});
