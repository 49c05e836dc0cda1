import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { natsConfig, type ServiceName, serviceNames } from '@hone/contracts';
import { prepareBusMain, serviceMain } from '../checkout.js';
import { CliError, exitCodes } from '../exit-codes.js';
import type { Home } from '../home.js';
import { say } from '../show/talk.js';
import { Child, type ChildSpec } from './child.js';
import { DiskWatch } from './disk-watch.js';
import { ensureApiKey, ensureNatsKeys, seedFile } from './keys.js';
import { isNatsReady, natsServerPath } from './nats-server.js';
import { freePort } from './ports.js';
import { type MeshState, removeState, writeState } from './state.js';

export interface MeshOptions {
  home: Home;
  port: number;
  host: string;
}

const readyWithinMs = 90_000;
const stopPatienceMs = 15_000;
const natsBytesMax = '8GB';

/** The whole mesh on this machine: a nats-server and every service as child processes that are restarted when they end. */
export class Supervisor {
  readonly #options: MeshOptions;
  readonly #children = new Map<string, { child: Child; port: number }>();
  readonly #startedAt = new Date().toISOString();
  #disk: DiskWatch | undefined;
  #natsPort = 0;
  #isReady = false;
  #isStopping = false;

  constructor(options: MeshOptions) {
    this.#options = options;
  }

  get url(): string {
    const { host, port } = this.#options;
    return `http://${host === '0.0.0.0' ? '127.0.0.1' : host}:${port}`;
  }

  /** Starts everything and returns when every service is ready for work. */
  async start(progress: (text: string) => void): Promise<void> {
    const { home } = this.#options;
    home.create();
    ensureApiKey(home);
    this.#natsPort = await freePort();
    this.#startNats();
    progress('nats-server');
    await this.#until(
      () => isNatsReady(this.#natsPort),
      () => 'nats-server',
    );
    await this.#prepareBus();
    await Promise.all(serviceNames.map((service) => this.#startService(service)));
    const waiting = new Set<ServiceName>(serviceNames);
    await this.#until(
      async () => {
        for (const service of [...waiting]) {
          if (!(await isServiceReady(this.#children.get(service)?.port ?? 0))) continue;
          waiting.delete(service);
          progress(service);
        }
        return waiting.size === 0;
      },
      () => [...waiting].join(', '),
    );
    this.#isReady = true;
    this.#changed();
    this.#disk = new DiskWatch({ home, onRoom: () => this.#onRoom(), log: (text) => this.#log(text) });
  }

  /** Stops the services in order, then the bus, and takes the state away. */
  async stop(): Promise<void> {
    if (this.#isStopping) return;
    this.#isStopping = true;
    this.#disk?.stop();
    const all = [...this.#children.values()].map(({ child }) => child);
    const services = all.filter(({ spec }) => spec.name !== 'nats-server');
    // The door first, so that nothing new comes in while the others end their work.
    await Promise.all(
      services.filter(({ spec }) => spec.name === 'gateway').map((child) => child.stop(stopPatienceMs)),
    );
    await Promise.all(services.map((child) => child.stop(stopPatienceMs)));
    await Promise.all(all.map((child) => child.stop(stopPatienceMs)));
    removeState(this.#options.home);
  }

  get state(): MeshState {
    const { home } = this.#options;
    const services = [...this.#children].map(([name, { child, port }]) => {
      const { pid, state, restarts } = child;
      return [name, { pid: pid ?? null, state, restarts, port }] as const;
    });
    return {
      pid: process.pid,
      url: this.url,
      natsUrl: `nats://127.0.0.1:${this.#natsPort}`,
      apiKeyFile: home.apiKeyFile,
      startedAt: this.#startedAt,
      isReady: this.#isReady,
      services: Object.fromEntries(services),
    };
  }

  #startNats(): void {
    const { home } = this.#options;
    const command = natsServerPath();
    const settings = { host: '127.0.0.1', port: this.#natsPort, storeDirectory: home.natsStore };
    const text = natsConfig({ ...settings, storeBytesMax: natsBytesMax, keys: ensureNatsKeys(home) });
    writeFileSync(home.natsConfig, text, { mode: 0o600 });
    const isHeld = (): boolean => this.#disk?.isFull === true;
    this.#add('nats-server', this.#natsPort, command, ['-c', home.natsConfig], this.#environment(), { isHeld });
  }

  /** After a full disk the bus starts anew, and the state is written that there was no room for. */
  #onRoom(): void {
    this.#changed();
    void this.#children.get('nats-server')?.child.restart(stopPatienceMs);
  }

  #log(text: string): void {
    say(`${new Date().toISOString()} ${text}`);
  }

  async #startService(service: ServiceName): Promise<void> {
    const { home, port, host } = this.#options;
    const main = serviceMain(service);
    if (!existsSync(main))
      throw new CliError(`[up] expected ${main} but it is not built; fix: npm run setup`, exitCodes.unavailable);
    const healthPort = await freePort();
    const own = {
      HONE_NATS_SEED_FILE: seedFile(home, service),
      HONE_HEALTH_PORT: String(healthPort),
      ...(service === 'gateway'
        ? {
            HONE_GATEWAY_PORT: String(port),
            HONE_GATEWAY_HOST: host,
            HONE_GATEWAY_KEY_FILE: home.keysFile,
          }
        : {}),
    };
    this.#add(service, healthPort, process.execPath, [main], { ...this.#environment(), ...own });
  }

  #add(
    name: string,
    port: number,
    command: string,
    args: string[],
    environment: NodeJS.ProcessEnv,
    more: Pick<ChildSpec, 'isHeld'> = {},
  ): void {
    const spec = { name, command, args, environment, logFile: this.#options.home.log(name), ...more };
    const child = new Child(spec, () => this.#changed());
    this.#children.set(name, { child, port });
    child.start();
  }

  #environment(): NodeJS.ProcessEnv {
    return {
      ...process.env,
      HONE_HOME: this.#options.home.root,
      HONE_NATS_URL: `nats://127.0.0.1:${this.#natsPort}`,
    };
  }

  /** The streams and consumers are made with the administrator's key by a process that ends. */
  async #prepareBus(): Promise<void> {
    const { home } = this.#options;
    const environment = { ...this.#environment(), HONE_NATS_SEED_FILE: seedFile(home, 'admin') };
    const child: ChildProcess = spawn(process.execPath, [prepareBusMain], {
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk: Buffer) => appendFileSync(home.log('prepare-bus'), chunk));
    const code = await new Promise<number | null>((resolve) => child.once('exit', resolve));
    if (code !== 0 && !this.#isStopping) throw failed(home, 'prepare-bus', `ended with code ${code}`);
  }

  async #until(isDone: () => Promise<boolean>, what: () => string): Promise<void> {
    const deadline = performance.now() + readyWithinMs;
    while (!(await isDone())) {
      if (this.#isStopping) throw new CliError('[up] stopped before the mesh was ready', exitCodes.interrupted);
      for (const [name, { child }] of this.#children) {
        const isHopeless = child.state === 'failed' || (child.restarts >= 5 && !this.#isReady);
        if (isHopeless) throw failed(this.#options.home, name, 'ends again and again');
      }
      if (performance.now() > deadline)
        throw failed(this.#options.home, what(), `is not ready after ${readyWithinMs} ms`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  #changed(): void {
    if (this.#isStopping) return;
    try {
      writeState(this.#options.home, this.state);
    } catch (thrown) {
      // On a full disk the mesh must live on; the state is written when there is room again.
      this.#log(`[up] expected to write ${this.#options.home.stateFile} but received "${String(thrown)}"`);
    }
  }
}

export const isServiceReady = async (port: number): Promise<boolean> => (await healthOf(port)).isReady;

/** Whether a service takes work, and what it tells of itself. */
export async function healthOf(port: number): Promise<{ isReady: boolean; facts: Readonly<Record<string, string>> }> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/health/ready`, { signal: AbortSignal.timeout(2000) });
    const { facts = {} } = (await response.json()) as { facts?: Record<string, string> };
    return { isReady: response.ok, facts };
  } catch {
    return { isReady: false, facts: {} };
  }
}

/** A failure of a child with the last lines of its log, where the reason stands. */
function failed(home: Home, name: string, why: string): CliError {
  const path = home.log(name);
  const lines = existsSync(path) ? readFileSync(path, 'utf8').trimEnd().split('\n').slice(-5).join('\n') : '';
  return new CliError(
    `[up] expected a healthy ${name} but it ${why}; its log (${path}) ends with:\n${lines}`,
    exitCodes.unavailable,
  );
}
