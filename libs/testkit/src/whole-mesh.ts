import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repositoryRoot } from './repository-root.js';
import { until } from './until.js';

export interface MeshOptions {
  /** Settings beside the house's own, e.g. HONE_SERVING_WAITING_MAX. */
  environment?: Record<string, string>;
  /** Leaves `hone-tiny` out. */
  isBare?: boolean;
  /** Where the mesh's home is made; the system's folder for passing files when absent. */
  folder?: string;
}

export interface ProcessState {
  pid: number | null;
  state: string;
  restarts: number;
  port: number;
}

/** A whole mesh as `hone up` starts it: a real nats-server with the generated permissions, and every service as a process. */
export interface WholeMesh {
  /** HONE_HOME: keys, objects, logs and traces lie here. */
  home: string;
  url: string;
  key: string;
  /** The process of a service, or of `nats-server`, as the supervisor sees it now. */
  process(name: string): ProcessState;
  names(): string[];
  /** SIGKILL by default; returns when the process is gone. */
  kill(name: string, signal?: NodeJS.Signals): Promise<void>;
  /** When the process runs again after a kill and says that it is ready. */
  whenReady(name: string, restartsBefore?: number): Promise<void>;
  /** A request with the mesh's key; `body` is sent as JSON, or as it is when it is a form. */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Response>;
  /** Runs the CLI with this mesh's home. */
  cli(...args: string[]): Promise<CliResult>;
  stop(): Promise<void>;
}

export interface CliResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

const cliMain = join(repositoryRoot, 'clients/cli/dist/main.js');
/** Under load every process takes its time; nothing here measures it. */
const patienceMs = 120_000;

export async function startWholeMesh({
  environment = {},
  isBare = false,
  folder = tmpdir(),
}: MeshOptions = {}): Promise<WholeMesh> {
  const home = mkdtempSync(join(folder, 'hone-mesh-'));
  const settings = { ...environment, HONE_HOME: home, HONE_DRAIN_MS: environment['HONE_DRAIN_MS'] ?? '5000' };
  const up = startCli(['up', '--port', '0', '--json', ...(isBare ? ['--no-bundled'] : [])], settings);
  const ended = once(up.child, 'exit');
  let isUp = false;
  const stop = async (): Promise<void> => {
    if (up.child.exitCode === null) up.child.kill('SIGTERM');
    await ended;
    await rm(home, { recursive: true, force: true });
  };
  try {
    await Promise.race([
      until(() => (isUp = up.stdout().includes('"url"')), patienceMs),
      ended.then(() => {
        if (!isUp) throw new Error(`[testkit] hone up ended: ${up.stderr()}`);
      }),
    ]);
  } catch (thrown) {
    await stop();
    throw thrown;
  }
  return meshOf(home, settings, stop);
}

function meshOf(home: string, settings: Record<string, string>, stop: () => Promise<void>): WholeMesh {
  const state = () =>
    JSON.parse(readFileSync(join(home, 'state.json'), 'utf8')) as {
      url: string;
      services: Record<string, ProcessState>;
    };
  const key = readFileSync(join(home, 'api-key'), 'utf8').trim();
  const { url } = state();
  const process = (name: string): ProcessState => {
    const found = state().services[name];
    if (found === undefined) throw new Error(`[testkit] expected a process of the mesh but received ${name}`);
    return found;
  };
  return {
    home,
    url,
    key,
    process,
    names: () => Object.keys(state().services),
    async kill(name, signal = 'SIGKILL') {
      const { pid, restarts } = process(name);
      if (pid === null) throw new Error(`[testkit] expected ${name} to run`);
      globalThis.process.kill(pid, signal);
      await until(() => process(name).restarts > restarts, patienceMs);
    },
    async whenReady(name, restartsBefore = 0) {
      await until(async () => {
        const { restarts, state: now, port } = process(name);
        if (restarts < restartsBefore || now !== 'running') return false;
        return name === 'nats-server' || (await isReady(port));
      }, patienceMs);
    },
    call: (method, path, body, headers = {}) => {
      const isForm = body instanceof FormData;
      const json = body === undefined || isForm ? {} : { 'content-type': 'application/json' };
      const sent = body === undefined ? {} : { body: isForm ? body : JSON.stringify(body) };
      return fetch(`${url}${path}`, {
        method,
        headers: { authorization: `Bearer ${key}`, ...json, ...headers },
        ...sent,
      });
    },
    cli: (...args) => runCli(args, settings),
    stop,
  };
}

const isReady = (port: number): Promise<boolean> =>
  fetch(`http://127.0.0.1:${port}/health/ready`, { signal: AbortSignal.timeout(2000) }).then(
    ({ ok }) => ok,
    () => false,
  );

interface RunningCli {
  child: ChildProcess;
  stdout(): string;
  stderr(): string;
}

function startCli(args: readonly string[], environment: Record<string, string | undefined>): RunningCli {
  // Jest's own flags are no business of the processes under test.
  const { NODE_OPTIONS: _flags, ...inherited } = globalThis.process.env;
  const env = { ...inherited, ...environment };
  const child = spawn(globalThis.process.execPath, [cliMain, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  return { child, stdout: () => stdout, stderr: () => stderr };
}

/** One command of the CLI from start to end; what it prints and its exit code. */
export async function runCli(
  args: readonly string[],
  environment: Record<string, string | undefined>,
): Promise<CliResult> {
  const running = startCli(args, environment);
  const [code] = (await once(running.child, 'close')) as [number | null];
  return { code, stdout: running.stdout(), stderr: running.stderr() };
}
