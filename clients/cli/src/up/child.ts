import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, renameSync, statSync } from 'node:fs';

export interface ChildSpec {
  name: string;
  command: string;
  args: string[];
  environment: NodeJS.ProcessEnv;
  logFile: string;
  /** While it says so, an ended child is not started again. */
  isHeld?: () => boolean;
}

export type ChildState = 'running' | 'restarting' | 'stopped' | 'failed';

const restartWaitsMs = [250, 500, 1000, 2000, 5000, 10_000];
/** A child that has lived so long was healthy: the next restart is quick again. */
const healthyAfterMs = 30_000;
/** How often a held child asks whether it may start. */
const heldMs = 500;
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
  #isRestarting = false;
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
    const { command, args, environment, logFile, isHeld } = this.spec;
    if (isHeld?.()) {
      this.state = 'restarting';
      this.#timer = setTimeout(() => this.start(), heldMs);
      return;
    }
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
  stop(patienceMs: number): Promise<void> {
    this.#isRestarting = false;
    return this.#end(patienceMs);
  }

  async #end(patienceMs: number): Promise<void> {
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

  /** Ends it and starts it again, unless somebody stops it for good in between. */
  async restart(patienceMs: number): Promise<void> {
    if (this.state !== 'running') return;
    this.#isRestarting = true;
    await this.#end(patienceMs);
    if (!this.#isRestarting) return;
    this.#isRestarting = false;
    this.restarts++;
    this.start();
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
