// Goal: the built CLI starts, watches, heals and stops a real mesh, and every command keeps the conventions of the house.
import { execFile, execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Command } from 'commander';
import { makeProgram } from './program.js';
import { isAlive } from './up/state.js';

const main = join(import.meta.dirname, '../bin/hone.mjs');
let home: string;

interface Run {
  code: number;
  out: string;
  err: string;
}

const hone = (...args: string[]): Promise<Run> =>
  new Promise((resolve) => {
    const env = { ...process.env, HONE_HOME: home, NO_COLOR: '1' };
    execFile(process.execPath, [main, ...args], { env, maxBuffer: 1 << 26 }, (error, out, err) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err }),
    );
  });
const json = async <T>(...args: string[]): Promise<T> => JSON.parse((await hone(...args, '--json')).out) as T;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'hone-cli-'));
});
afterAll(async () => {
  await hone('down');
  await rm(home, { recursive: true, force: true });
});

describe('the conventions', () => {
  const leaves = (command: Command): Command[] =>
    command.commands.length === 0 ? [command] : command.commands.flatMap(leaves);

  it.each(leaves(makeProgram()).map((command) => [`${command.parent?.name()} ${command.name()}`, command] as const))(
    '%s says what it does and has --json',
    (_, command) => {
      expect(command.description()).not.toBe('');
      expect(command.helpInformation()).toContain('--json');
    },
  );

  it('end with 0 for --help', async () => {
    expect(await hone('data', 'import', '--help')).toMatchObject({ code: 0, out: expect.stringContaining('Usage') });
  });

  it.each([
    ['2 for an unknown command', ['upp'], 2],
    ['2 for a missing option', ['train'], 2],
    ['2 for a port that is none', ['up', '--port', 'x'], 2],
    ['5 for a mesh that does not run', ['model', 'list'], 5],
    ['5 for a status that is down', ['status'], 5],
    ['0 for stopping what does not run', ['down'], 0],
  ])('end with %s', async (_, args, code) => {
    expect((await hone(...args)).code).toBe(code);
  });

  it('plan no served base without --serve', async () => {
    const { code, err } = await hone('plan', '--format', 'nf4');
    expect([code, err]).toEqual([2, expect.stringContaining('expected --serve with --format')]);
  });

  it('suggest the command that was meant', async () => {
    expect((await hone('statsu')).err).toContain('Did you mean status?');
  });
});

describe('a port in use', () => {
  let holder: Server;
  let port = 0;
  beforeAll(async () => {
    holder = createServer();
    await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
    const address = holder.address();
    port = typeof address === 'object' && address !== null ? address.port : 0;
  });
  afterAll(() => void holder.close());

  it('is refused with what to do', async () => {
    const { code, err } = await hone('up', '--port', String(port));
    expect(code).toBe(4);
    expect(err).toContain(`expected port ${port} to be free but another process listens there`);
    expect(err).toContain('--port');
  });
});

describe('a mesh', () => {
  interface Status {
    status: string;
    url: string;
    api_key_file: string;
    services: Record<string, { state: string; pid: number; restarts: number }>;
  }

  beforeAll(async () => {
    expect(await hone('up', '--detach', '--port', '0', '--no-bundled')).toMatchObject({ code: 0, err: '' });
  }, 120_000);

  it('is up with nine processes, and its keys are for nobody else', async () => {
    const { status, services, api_key_file } = await json<Status>('status');
    expect(status).toBe('up');
    expect(Object.keys(services)).toHaveLength(9);
    expect((await stat(api_key_file)).mode & 0o077).toBe(0);
    expect((await stat(home)).mode & 0o077).toBe(0);
    expect(await readFile(api_key_file, 'utf8')).toMatch(/^hone_sk_[\w-]{43}\n$/);
    const kept = await readFile(join(home, 'keys.json'), 'utf8');
    expect(kept).not.toContain((await readFile(api_key_file, 'utf8')).trim());
  });

  it('refuses a second one in the same home', async () => {
    const { code, err } = await hone('up', '--port', '0');
    expect([code, err]).toEqual([4, expect.stringContaining('hone down')]);
  });

  it('takes files, says what is unknown, and shows the trace of a request', async () => {
    const file = join(home, 'rows.jsonl');
    await writeFile(file, '{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]}\n');
    const made = await json<{ id: string }>('data', 'import', file);
    expect((await json<{ id: string }[]>('data', 'list')).map(({ id }) => id)).toContain(made.id);
    const unknown = await hone('jobs', 'show', 'ftjob-unknown');
    expect(unknown.code).toBe(3);
    const refused = await hone('train', '--model', 'nobody', '--data', made.id);
    expect(refused.code).toBe(3);
    await writeFile(file, '');
    const empty = await hone('data', 'import', file);
    expect([empty.code, empty.err]).toEqual([1, expect.stringContaining('empty')]);
    await mkdir(join(home, 'pipes'));
    execFileSync('mkfifo', [join(home, 'pipes', 'config.json')]);
    const pipe = await hone('model', 'import', join(home, 'pipes'), '--name', 'pipe');
    expect([pipe.code, pipe.err]).toEqual([2, expect.stringContaining('config.json to be a file')]);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const traces = await json<{ traceId: string; name: string }[]>('trace', 'list');
    expect(traces.map(({ name }) => name)).toContain('hone data import');
    const first = traces.findLast(({ name }) => name === 'hone data import')?.traceId ?? '';
    const { out } = await hone('trace', 'show', first);
    expect(out).toContain('POST /v1/files');
    expect(out).toContain('data-curation');
  });

  it('starts again what was killed, nats-server included', async () => {
    const before = await json<Status>('status');
    for (const name of ['nats-server', 'registry']) process.kill(before.services[name]?.pid ?? 0, 'SIGKILL');
    let after = before;
    for (let tries = 0; tries < 60; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 500));
      after = await json<Status>('status');
      if (after.status === 'up' && after.services['registry']?.restarts === 1) break;
    }
    expect(after).toMatchObject({
      status: 'up',
      services: { 'nats-server': { restarts: 1 }, registry: { restarts: 1 } },
    });
    expect((await hone('model', 'list')).code).toBe(0);
  });

  it('leaves no process behind when it is stopped', async () => {
    const { services } = await json<Status>('status');
    expect((await hone('down')).code).toBe(0);
    for (const { pid } of Object.values(services)) expect(() => process.kill(pid, 0)).toThrow();
    expect((await hone('status')).code).toBe(5);
  });

  it('is called orphaned when its supervisor was killed, and down ends what is left', async () => {
    expect((await hone('up', '--detach', '--port', '0', '--no-bundled')).code).toBe(0);
    const { pid } = await json<{ pid: number }>('status');
    process.kill(pid, 'SIGKILL');
    let orphaned = await json<Status>('status');
    for (let tries = 0; tries < 50 && orphaned.status !== 'orphaned'; tries++) orphaned = await json<Status>('status');
    expect(orphaned).toMatchObject({ status: 'orphaned', pid: null });
    expect((await hone('down')).code).toBe(0);
    expect(await json<Status>('status')).toMatchObject({ status: 'down' });
    // Whoever adopts orphans may leave them as zombies, which have ended all the same.
    for (const service of Object.values(orphaned.services)) expect(isAlive(service.pid)).toBe(false);
  }, 120_000);
});
