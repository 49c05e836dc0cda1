import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { delimiter, join } from 'node:path';
import { checkout } from '../checkout.js';
import { CliError, exitCodes } from '../exit-codes.js';

/** Older ones lose messages of work queues or whole streams. */
export const natsOldest = [2, 12, 7] as const;

/** The nats-server to run: HONE_NATS_SERVER, the one that set-up found, or PATH. */
export function natsServerPath(): string {
  const named = process.env['HONE_NATS_SERVER'];
  const onPath = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'nats-server'));
  const places = named ? [named] : [join(checkout, '.toolchain/bin/nats-server'), ...onPath];
  const found = places.find((place) => existsSync(place));
  if (found !== undefined) return found;
  const where = named ? `at ${named}` : 'in .toolchain/bin or on PATH';
  throw new CliError(
    `[up] expected nats-server ${where} but found none; fix: npm run setup, or set HONE_NATS_SERVER`,
    exitCodes.unavailable,
  );
}

/** Its version, or nothing when it does not run. */
export function natsServerVersion(path: string): number[] | undefined {
  const { stdout } = spawnSync(path, ['--version'], { encoding: 'utf8', timeout: 10_000 });
  const found = /v?(\d+)\.(\d+)\.(\d+)/.exec(stdout ?? '');
  return found === null ? undefined : found.slice(1, 4).map(Number);
}

export function isNewEnough(version: readonly number[]): boolean {
  const order = natsOldest.map((part, index) => Math.sign((version[index] ?? 0) - part)).find((sign) => sign !== 0);
  return (order ?? 0) >= 0;
}

/** JetStream is ready when the greeting says so; before, a client would be told that it is off. */
export const isNatsReady = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const settle = (isReady: boolean): void => {
      socket.destroy();
      resolve(isReady);
    };
    socket.setTimeout(1000, () => settle(false));
    socket.once('data', (chunk) => settle(chunk.toString().includes('"jetstream":true')));
    socket.once('error', () => settle(false));
  });
