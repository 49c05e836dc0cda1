// Goal: a service is a good process: it waits for what is missing and says so, stops in order, and ends with a code and a sentence.
// Method: the built packages in a process of their own; signals and exit codes cannot be seen from inside.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { command, rpc } from '@hone/contracts';
import { type Bus, freePort, repositoryRoot, type SecureBus, startBus, startSecureBus, until } from '@hone/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';

const item = z.looseObject({ n: z.int() });
const shared = { owner: 'trainer', summary: 'test', input: item, example: { n: 1 }, counterExample: {} } as const;
const slowWork = command({ ...shared, name: 'item.slow', senders: ['gateway'] });
const itemAsk = rpc({ ...shared, name: 'item.ask', callers: ['gateway'], reply: item });

const kit = join(repositoryRoot, 'libs/platform/service-kit');
const isBuilt = existsSync(join(kit, 'dist/index.js'));

interface Run {
  child: ChildProcess;
  output(): string;
  ended: Promise<number | null>;
}

(isBuilt ? describe : describe.skip)(
  `runService${isBuilt ? '' : ' (skipped: npm run build makes the packages)'}`,
  () => {
    let bus: Bus;
    let secure: SecureBus;
    let home: string;
    const running: ChildProcess[] = [];

    beforeAll(async () => {
      home = await mkdtemp(join(tmpdir(), 'hone-process-'));
      bus = await startBus({ messages: [slowWork, itemAsk] });
      secure = await startSecureBus();
    });
    afterAll(async () => {
      for (const child of running) child.kill('SIGKILL');
      await bus.stop();
      await secure.stop();
      await rm(home, { recursive: true, force: true });
    });

    const start = (environment: Record<string, string>): Run => {
      const env = { PATH: process.env['PATH'] ?? '', HONE_NATS_URL: bus.nats.url, HONE_HOME: home, ...environment };
      const child = spawn(process.execPath, [join(kit, 'fixtures/slow-service.mjs')], {
        env,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      running.push(child);
      let text = '';
      child.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString()));
      child.stderr?.on('data', (chunk: Buffer) => (text += chunk.toString()));
      return { child, output: () => text, ended: new Promise((resolve) => child.once('exit', resolve)) };
    };

    it('lets running work end on SIGTERM, acknowledges it, and exits with 0', async () => {
      const run = start({});
      const sender = await bus.connect('gateway');
      await sender.send(slowWork, { n: 1 });
      await until(() => run.output().includes('slow work began'));
      run.child.kill('SIGTERM');
      expect(await run.ended).toBe(0);
      expect(run.output()).toContain('slow work done');
      const again = start({});
      await until(() =>
        sender.request(itemAsk, { n: 2 }, { timeoutMs: 500 }).then(
          () => true,
          () => false,
        ),
      );
      again.child.kill('SIGTERM');
      expect(await again.ended).toBe(0);
      expect(again.output()).not.toContain('slow work began');
    });

    it('is live but not ready while NATS is missing, says what it waits for, and becomes ready when it comes', async () => {
      const healthPort = await freePort();
      const asked = async (path: string): Promise<string> => {
        const response = await fetch(`http://127.0.0.1:${healthPort}${path}`).catch(() => undefined);
        return response ? `${response.status} ${await response.text()}` : '';
      };
      await bus.nats.kill();
      const run = start({ HONE_HEALTH_PORT: String(healthPort) });
      await until(async () => (await asked('/health/live')).startsWith('200'));
      expect(await asked('/health/ready')).toMatch(/^503 .*NATS at nats:/);
      await bus.nats.start();
      await until(async () => (await asked('/health/ready')).startsWith('200'));
      run.child.kill('SIGTERM');
      expect(await run.ended).toBe(0);
    });

    it('refuses wrong settings with 2 and a sentence that says how to put it right', async () => {
      const run = start({ HONE_TRAINER_THREADS: 'all' });
      expect(await run.ended).toBe(2);
      expect(run.output()).toMatch(
        /expected .* for HONE_TRAINER_THREADS but received \\"all\\"; fix: set HONE_TRAINER_THREADS/,
      );
    });

    it('ends with 5 when the bus denies it a subject, and never shows its seed', async () => {
      const run = start({
        HONE_NATS_URL: secure.nats.url,
        HONE_NATS_SEED_FILE: join(secure.seedDirectory, 'reward.nk'),
      });
      expect(await run.ended).toBe(5);
      expect(run.output()).toContain('bus_permission_denied');
      expect(run.output()).not.toContain(secure.seeds.reward);
    });
  },
);
