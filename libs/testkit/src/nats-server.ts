import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.js';
import { repositoryRoot } from './repository-root.js';

export interface NatsOptions {
  /** The whole configuration, for a server with users; a plain one when absent. */
  configuration?(place: { port: number; storeDirectory: string }): string;
}

/** A real nats-server with JetStream on the loopback, its store in a folder of its own. */
export interface NatsServer {
  url: string;
  port: number;
  directory: string;
  /** SIGKILL, as a crash: the store stays. */
  kill(): Promise<void>;
  /** Starts it again on the same port and store. */
  start(): Promise<void>;
  /** Stops it and removes the store. */
  stop(): Promise<void>;
}

/** Where set-up leaves the server; `HONE_NATS_SERVER` wins. */
export const natsServerPath = (): string =>
  process.env['HONE_NATS_SERVER'] ?? join(repositoryRoot, '.toolchain/bin/nats-server');

export async function startNats({ configuration = plain }: NatsOptions = {}): Promise<NatsServer> {
  const binary = natsServerPath();
  if (!existsSync(binary)) {
    throw new Error(`[testkit] expected nats-server at ${binary} but found nothing; fix: npm run setup`);
  }
  const directory = await mkdtemp(join(tmpdir(), 'hone-nats-'));
  const port = await freePort();
  const file = join(directory, 'nats.conf');
  await writeFile(file, configuration({ port, storeDirectory: join(directory, 'store') }));
  let child: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    let log = '';
    child = spawn(binary, ['-c', file], { stdio: ['ignore', 'ignore', 'pipe'] });
    child.stderr?.on('data', (chunk: Buffer) => (log = (log + chunk.toString()).slice(-20_000)));
    await answers(port, child, () => log);
  };
  const kill = async (): Promise<void> => {
    const running = child;
    child = undefined;
    if (!running || running.exitCode !== null) return;
    const gone = new Promise<void>((resolve) => running.once('exit', () => resolve()));
    running.kill('SIGKILL');
    await gone;
  };
  await start();
  const stop = async (): Promise<void> => {
    await kill();
    await rm(directory, { recursive: true, force: true });
  };
  return { url: `nats://127.0.0.1:${port}`, port, directory, kill, start, stop };
}

/** Anybody may do anything; every acknowledged message is on disk, as in the product. */
const plain = ({ port, storeDirectory }: { port: number; storeDirectory: string }): string => `
listen: "127.0.0.1:${port}"
server_name: test
jetstream { store_dir: ${JSON.stringify(storeDirectory)}, max_file_store: 4GB, sync_interval: always }
`;

async function answers(port: number, child: ChildProcess, log: () => string): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (child.exitCode !== null) throw new Error(`[testkit] nats-server ended at once:\n${log()}`);
    if (await isListening(port)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`[testkit] nats-server does not answer on port ${port}:\n${log()}`);
}

const isListening = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    // JetStream is ready when the greeting says so; before, a client would be told that it is off.
    socket.once('data', (chunk) => {
      socket.destroy();
      resolve(chunk.toString().includes('"jetstream":true'));
    });
    socket.once('error', () => resolve(false));
  });
