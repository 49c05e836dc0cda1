import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Command, InvalidArgumentError } from 'commander';
import { askPatiently, type Connection } from '../api/connection.js';
import { importFolder } from '../api/import-folder.js';
import { bundledModel } from '../checkout.js';
import { CliError, exitCodes } from '../exit-codes.js';
import { Home } from '../home.js';
import { dim, endProgress, green, progress, say, show } from '../show/talk.js';
import { newTraceparent } from '../trace/traceparent.js';
import { endLeftOver } from '../up/left-over.js';
import { wantedPort } from '../up/ports.js';
import { isAlive, isOurs, type MeshState, readState } from '../up/state.js';
import { Supervisor } from '../up/supervisor.js';
import { type CommonOptions, withJson } from './command.js';

/** Beside Ollama's 11434; documented, so that clients may be configured once. */
export const defaultPort = 11435;

interface UpOptions extends CommonOptions {
  port: number;
  host: string;
  detach?: boolean;
  bundled: boolean;
}

export function addUp(program: Command): void {
  withJson(program.command('up'))
    .description('start the whole mesh on this machine and keep it running')
    .option(
      '--port <number>',
      'port of the HTTP API; 0 takes any free one',
      portOf,
      portOf(process.env['HONE_PORT'] ?? `${defaultPort}`),
    )
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--detach', 'return when the mesh is ready and leave it running')
    .option('--no-bundled', 'do not import the bundled model hone-tiny')
    .action((options: UpOptions) => (options.detach ? upDetached(options) : upInForeground(options)));
}

async function upInForeground(options: UpOptions): Promise<void> {
  const home = new Home();
  await refuseSecond(home);
  const port = await wantedPort(options.port);
  const supervisor = new Supervisor({ home, port, host: options.host });
  let stopping: Promise<void> | undefined;
  const stop = (): void => void (stopping ??= supervisor.stop());
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
  const started = performance.now();
  try {
    await supervisor.start((name) => progress(`starting: ${name} is ready`));
    endProgress();
    if (options.bundled) await importBundled(connectionTo(supervisor.state));
  } catch (thrown) {
    endProgress();
    await (stopping ??= supervisor.stop());
    throw thrown;
  }
  const seconds = (performance.now() - started) / 1000;
  show(options.json === true, publicState(supervisor.state, seconds), () => readyText(supervisor.state, seconds));
  await new Promise<void>((resolve) => {
    const watch = setInterval(() => {
      if (stopping === undefined) return;
      clearInterval(watch);
      void stopping.then(resolve);
    }, 100);
  });
}

async function upDetached(options: UpOptions): Promise<void> {
  const home = new Home();
  await refuseSecond(home);
  const port = await wantedPort(options.port);
  home.create();
  const log = openSync(home.log('supervisor'), 'a', 0o600);
  const args = ['up', '--port', String(port), '--host', options.host, ...(options.bundled ? [] : ['--no-bundled'])];
  const main = join(import.meta.dirname, '../main.js');
  const environment = { ...process.env, HONE_HOME: home.root };
  const child = spawn(process.execPath, [main, ...args], {
    detached: true,
    stdio: ['ignore', log, log],
    env: environment,
  });
  closeSync(log);
  child.unref();
  const started = performance.now();
  for (;;) {
    if (child.exitCode !== null) throw ended(home, child.exitCode);
    const state = readState(home);
    if (state?.pid === child.pid && state?.isReady && (!options.bundled || (await hasBundled(state)))) {
      const seconds = (performance.now() - started) / 1000;
      show(options.json === true, publicState(state, seconds), () => readyText(state, seconds));
      return;
    }
    await pause(100);
  }
}

function ended(home: Home, code: number): CliError {
  const path = home.log('supervisor');
  const tail = existsSync(path) ? readFileSync(path, 'utf8').trimEnd().split('\n').slice(-8).join('\n') : '';
  return new CliError(`[up] the mesh did not start:\n${tail}`, code);
}

/** One mesh for one home; what a killed supervisor left behind is ended first. */
async function refuseSecond(home: Home): Promise<void> {
  const state = readState(home);
  if (state === undefined) return;
  if (isAlive(state.pid) && isOurs(state.pid, home)) {
    const message = `[up] expected no mesh in ${home.root} but one runs at ${state.url}; fix: npx hone down, or another HONE_HOME`;
    throw new CliError(message, exitCodes.conflict);
  }
  const count = await endLeftOver(home, state);
  if (count > 0) say(dim(`ended ${count} processes that an earlier mesh left behind`));
}

export const connectionTo = (state: MeshState): Connection => ({
  url: state.url,
  key: readFileSync(state.apiKeyFile, 'utf8').trim(),
  traceparent: newTraceparent(),
});

async function importBundled(to: Connection): Promise<void> {
  if (!existsSync(join(bundledModel.folder, 'config.json'))) return;
  const known = await askPatiently<{ data: { id: string }[] }>(to, 'GET', '/v1/models');
  if (known.data.some(({ id }) => id === bundledModel.name)) return;
  await importFolder(to, bundledModel.folder, bundledModel.name);
}

async function hasBundled(state: MeshState): Promise<boolean> {
  if (!existsSync(join(bundledModel.folder, 'config.json'))) return true;
  const known = await askPatiently<{ data: { id: string }[] }>(connectionTo(state), 'GET', '/v1/models');
  return known.data.some(({ id }) => id === bundledModel.name);
}

const publicState = (state: MeshState, seconds: number) => ({
  url: state.url,
  api_key_file: state.apiKeyFile,
  pid: state.pid,
  seconds: Number(seconds.toFixed(2)),
});

const readyText = (state: MeshState, seconds: number): string =>
  [
    `${green('Hone is up')} after ${seconds.toFixed(1)} s at ${state.url}/v1`,
    `  API key   ${state.apiKeyFile}`,
    `  stop it   npx hone down`,
  ].join('\n');

function portOf(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new InvalidArgumentError('a port is a number from 0 to 65535');
}
