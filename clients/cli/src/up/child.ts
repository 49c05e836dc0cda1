import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, renameSync, statSync } from 'node:fs';

export interface ChildSpec {
  name: string;
  command: string;
  args: string[];
  environment: NodeJS.ProcessEnv;
  logFile: string;
}

export type ChildState = 'running' | 'restarting' | 'stopped' | 'failed';

const restartWaitsMs = [250, 500, 1000, 2000, 5000, 10_000];
/** A child that has lived so long was healthy: the next restart is quick again. */
const healthyAfterMs = 30_000;
const logBytesMax = 8 * 1024 * 1024;
/** Wrong settings stay wrong: a child that ends with this code is not started again. */
const usageCode = 2;

/** A process that is started again whenever it ends, with a growing wait, until it is stopped. */
export class Child {
  readonly spec: ChildSpec;
  readonly #changed: () => void;
  #process: ChildProcess | undefined;
  #timer: NodeJS.Timeout | undefined;
  #startedAt = 0;
  #quickEnds = 0;
  state: ChildState = 'stopped';
  restarts = 0;

  constructor(spec: ChildSpec, changed: () => void) {
    this.spec = spec;
    this.#changed = changed;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  start(): void {
    const { command, args, environment, logFile } = this.spec;
    if ((statSync(logFile, { throwIfNoEntry: false })?.size ?? 0) > logBytesMax) renameSync(logFile, `${logFile}.1`);
    const log = openSync(logFile, 'a', 0o600);
    // Its own process group: an interrupt at the terminal reaches the supervisor alone, which then stops all in order.
    const child = spawn(command, args, { env: environment, stdio: ['ignore', log, log], detached: true });
    closeSync(log);
    this.#process = child;
    this.#startedAt = performance.now();
    this.state = 'running';
    child.once('error', () => this.#ended(child, null));
    child.once('exit', (code) => this.#ended(child, code));
    this.#changed();
  }

  /** Asks it to end; after the patience it is killed. */
  async stop(patienceMs: number): Promise<void> {
    this.state = 'stopped';
    clearTimeout(this.#timer);
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill('SIGTERM');
    const kill = setTimeout(() => child.kill('SIGKILL'), patienceMs);
    await gone;
    clearTimeout(kill);
  }

  #ended(child: ChildProcess, code: number | null): void {
    if (this.#process !== child) return;
    this.#process = undefined;
    if (this.state === 'stopped') return this.#changed();
    if (code === usageCode) {
      this.state = 'failed';
      return this.#changed();
    }
    const livedMs = performance.now() - this.#startedAt;
    this.#quickEnds = livedMs > healthyAfterMs ? 0 : this.#quickEnds;
    const wait = restartWaitsMs[Math.min(this.#quickEnds++, restartWaitsMs.length - 1)];
    this.state = 'restarting';
    this.restarts++;
    this.#timer = setTimeout(() => this.start(), wait);
    this.#changed();
  }
}
