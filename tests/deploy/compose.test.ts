import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { serviceNames } from '@hone/contracts';
import { natsServerPath } from '@hone/testkit';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';

const root = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'hone-compose-'));
const secrets = (): string => readFileSync(join(folder, '.env'), 'utf8');
const environment = (): Record<string, string> =>
  Object.fromEntries(
    secrets()
      .trim()
      .split('\n')
      .map((line) => line.split('=', 2) as [string, string]),
  );

/** `docker compose` or the older `docker-compose`; the client alone is enough. */
const compose = [['docker', 'compose'], ['docker-compose']].find(
  ([command, ...args]) => spawnSync(command as string, [...args, 'version']).status === 0,
);

beforeAll(() => {
  execFileSync(process.execPath, [join(root, 'tools/compose-secrets.mjs'), folder]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface ComposeService {
  image: string;
  command?: string[];
  environment?: Record<string, unknown>;
  ports?: string[];
  volumes?: string[];
}
const file = parse(readFileSync(join(root, 'docker-compose.yml'), 'utf8'), { merge: true }) as {
  services: Record<string, ComposeService>;
};

describe('the compose file', () => {
  it('runs every service with its own bus key', () => {
    for (const service of serviceNames) {
      expect(file.services[service]?.command).toEqual(['node', `services/${service}/dist/main.js`]);
      const keys = (file.services[service]?.volumes ?? []).filter((volume) => volume.includes('nkeys'));
      expect(keys).toEqual([`./.hone/compose/nkeys/${service}.nk:/run/hone/nkey:ro`]);
      expect(file.services[service]?.environment).toMatchObject({ HONE_NATS_SEED_FILE: '/run/hone/nkey' });
    }
  });

  it('pins every image and opens ports on the loopback only', () => {
    for (const { image, ports = [] } of Object.values(file.services)) {
      expect(image).toMatch(/:(?!latest)[\w.-]+$/);
      for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
    }
  });

  const whenCompose = compose === undefined ? it.skip : it;
  whenCompose('is accepted by docker compose with the generated secrets', () => {
    const [command, ...args] = compose as [string, ...string[]];
    const check = (env: NodeJS.ProcessEnv) =>
      spawnSync(command, [...args, '-f', 'docker-compose.yml', '--project-directory', folder, 'config'], {
        cwd: root,
        env,
        encoding: 'utf8',
      });
    expect(check({ ...process.env, ...environment() })).toMatchObject({ status: 0 });
  });
});

describe('the secrets', () => {
  it('are never blank, differ from each other and are readable by nobody else', () => {
    const { HONE_UID: user, ...secret } = environment();
    expect(user).toBe(`${process.getuid?.()}:${process.getgid?.()}`);
    const values = Object.values(secret);
    expect(new Set(values).size).toBe(values.length);
    for (const value of values) expect(value.length).toBeGreaterThanOrEqual(16);
    expect(statSync(join(folder, '.env')).mode & 0o077).toBe(0);
  });

  it('stay the same on a second call', () => {
    const before = secrets();
    execFileSync(process.execPath, [join(root, 'tools/compose-secrets.mjs'), folder]);
    expect(secrets()).toBe(before);
  });

  it('complete the committed NATS configuration to one that nats-server accepts', () => {
    const { status, stderr } = spawnSync(natsServerPath(), ['-t', '-c', join(root, 'deploy/nats/nats.conf')], {
      env: { ...process.env, ...environment() },
      encoding: 'utf8',
    });
    expect([status, stderr]).toEqual([0, expect.stringContaining('configuration file')]);
  });
});
