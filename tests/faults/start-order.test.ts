// Goal: the order of starting is nobody's business. Method: every service as a process of its own, last ones first, long before
// there is a bus; then the bus, then its streams. None may end, each says what it waits for.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serviceNames } from '@hone/contracts';
import { freePort, type NatsServer, repositoryRoot, startNats, until } from '@hone/testkit';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';

jest.setTimeout(120_000);

interface Started {
  name: string;
  child: ChildProcess;
  port: number;
}

const home = mkdtempSync(join(tmpdir(), 'hone-order-'));
const processes: Started[] = [];
let nats: NatsServer;

beforeAll(async () => {
  nats = await startNats();
  await nats.kill();
  const keyFile = join(home, 'keys.json');
  writeFileSync(keyFile, JSON.stringify({ keys: [{ id: 'key-1', sha256: 'a'.repeat(64), created_at: 1 }] }));
  for (const name of [...serviceNames].reverse()) {
    const port = await freePort();
    const gateway = { HONE_GATEWAY_PORT: String(await freePort()), HONE_GATEWAY_KEY_FILE: keyFile };
    const settings = { HONE_HEALTH_PORT: String(port), ...(name === 'gateway' ? gateway : {}) };
    processes.push({ name, port, child: start(`services/${name}/dist/main.js`, settings) });
  }
});

afterAll(async () => {
  await Promise.all(
    processes.map(async ({ child }) => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    }),
  );
  await nats?.stop();
  await rm(home, { recursive: true, force: true });
});

function start(main: string, settings: Record<string, string>): ChildProcess {
  const { NODE_OPTIONS: _flags, ...inherited } = process.env;
  const env = { ...inherited, HONE_HOME: home, HONE_NATS_URL: nats.url, HONE_LOG_LEVEL: 'error', ...settings };
  return spawn(process.execPath, [join(repositoryRoot, main)], { env, stdio: 'ignore' });
}

async function health(port: number): Promise<{ status: number; waitingFor: string[] }> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/health/ready`);
    const { waitingFor } = (await response.json()) as { waitingFor: string[] };
    return { status: response.status, waitingFor };
  } catch {
    return { status: 0, waitingFor: [] };
  }
}

const running = (): string[] => processes.filter(({ child }) => child.exitCode === null).map(({ name }) => name);

it('services without a bus wait, say for what, and do not end', async () => {
  for (const { port } of processes) {
    await until(async () => (await health(port)).status === 503, 60_000);
    expect((await health(port)).waitingFor.join()).toContain(nats.url);
  }
  expect(running()).toHaveLength(serviceNames.length);
});

it('services with a bus but without its streams wait for those', async () => {
  await nats.start();
  const trainer = processes.find(({ name }) => name === 'trainer') as Started;
  await until(async () => (await health(trainer.port)).waitingFor.join().includes('consumer'), 60_000);
  expect((await health(trainer.port)).status).toBe(503);
  expect(running()).toHaveLength(serviceNames.length);
});

it('services become ready when the last thing that they need is there', async () => {
  const prepared = start('libs/platform/service-kit/dist/prepare-bus.js', {});
  const [code] = (await once(prepared, 'exit')) as [number | null];
  expect(code).toBe(0);
  let waiting: unknown[] = [];
  const areReady = async (): Promise<boolean> => {
    const all = await Promise.all(processes.map(async ({ name, port }) => ({ name, ...(await health(port)) })));
    waiting = all.filter(({ status }) => status !== 200);
    return waiting.length === 0;
  };
  await until(areReady, 60_000).catch(() => undefined);
  expect(waiting).toEqual([]);
  expect(running()).toHaveLength(serviceNames.length);
});
