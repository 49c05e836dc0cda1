import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync, statfsSync } from 'node:fs';
import type { Command } from 'commander';
import { serviceNames } from '@hone/contracts';
import { checkout, nativeProbeMain, serviceMain } from '../checkout.js';
import { exitCodes } from '../exit-codes.js';
import { Home } from '../home.js';
import { green, red, show } from '../show/talk.js';
import { isNewEnough, natsOldest, natsServerPath, natsServerVersion } from '../up/nats-server.js';
import { wantedPort } from '../up/ports.js';
import { isAlive, readState } from '../up/state.js';
import type { Check } from './check.js';
import { type CommonOptions, withJson } from './command.js';
import { gpuChecks } from './doctor-gpu.js';
import { defaultPort } from './up.js';

const gigabyte = 1024 ** 3;
const diskBytesLeast = 2 * gigabyte;

export function addDoctor(program: Command): void {
  withJson(program.command('doctor'))
    .description('look at everything that Hone needs on this machine; each failure says its fix')
    .action(async ({ json }: CommonOptions) => {
      const checks = [
        node(),
        compiler(),
        cmake(),
        natsServer(),
        built(),
        nativeLibrary(),
        ...gpuChecks(),
        home(),
        disk(),
        await port(),
      ];
      const isHealthy = checks.every(({ ok }) => ok);
      show(json === true, { ok: isHealthy, checks }, () => checks.map(lineOf).join('\n'));
      if (!isHealthy) process.exitCode = exitCodes.failed;
    });
}

const lineOf = ({ name, ok, found, fix }: Check): string =>
  `${ok ? green('ok  ') : red('bad ')} ${name.padEnd(16)} ${found}${ok || fix === undefined ? '' : `\n     fix: ${fix}`}`;

function node(): Check {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const ok = major > 22 || (major === 22 && minor >= 15);
  return { name: 'node', ok, found: process.version, fix: 'npm run setup fetches a new enough Node' };
}

/** The first line that a program says about itself. */
function firstLine(command: string): string | undefined {
  const { status, stdout } = spawnSync(command, ['--version'], { encoding: 'utf8', timeout: 10_000 });
  return status === 0 ? stdout.split('\n')[0] : undefined;
}

function compiler(): Check {
  const found = firstLine(process.env['CXX'] ?? 'g++');
  return { name: 'C++ compiler', ok: found !== undefined, found: found ?? 'none', fix: 'apt-get install g++' };
}

function cmake(): Check {
  const found = firstLine('cmake');
  return { name: 'cmake', ok: found !== undefined, found: found ?? 'none', fix: 'apt-get install cmake' };
}

function natsServer(): Check {
  const name = 'nats-server';
  const fix = `npm run setup, or name one of version ${natsOldest.join('.')} or newer in HONE_NATS_SERVER`;
  try {
    const path = natsServerPath();
    const version = natsServerVersion(path);
    const ok = version !== undefined && isNewEnough(version);
    return { name, ok, found: `${version?.join('.') ?? 'does not run'} (${path})`, fix };
  } catch (thrown) {
    return { name, ok: false, found: thrown instanceof Error ? thrown.message : String(thrown), fix };
  }
}

function built(): Check {
  const missing = serviceNames.filter((service) => !existsSync(serviceMain(service)));
  const found = missing.length === 0 ? `${serviceNames.length} services` : `not built: ${missing.join(', ')}`;
  return { name: 'build', ok: missing.length === 0, found, fix: 'npm run setup' };
}

/** The library is asked in a process of its own: one that does not fit this machine would end the doctor too. */
function nativeLibrary(): Check {
  const options = { encoding: 'utf8', timeout: 30_000 } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, [nativeProbeMain], options);
  const said = (status === 0 ? stdout : stderr).trim();
  const reason = /Error: (.*)/.exec(said)?.[1] ?? said.split('\n').at(-1) ?? '';
  const found = status === 0 ? said : reason || 'it does not load';
  return { name: 'native library', ok: status === 0, found, fix: 'npm run setup; it names a missing compiler' };
}

function home(): Check {
  const { root } = new Home();
  try {
    mkdirSync(root, { recursive: true, mode: 0o700 });
    accessSync(root, constants.R_OK | constants.W_OK);
    return { name: 'HONE_HOME', ok: true, found: root };
  } catch (thrown) {
    const found = thrown instanceof Error ? thrown.message : String(thrown);
    return { name: 'HONE_HOME', ok: false, found, fix: 'set HONE_HOME to a folder that you may write' };
  }
}

function disk(): Check {
  const { root } = new Home();
  const { bavail, bsize } = statfsSync(existsSync(root) ? root : checkout);
  const free = bavail * bsize;
  const found = `${(free / gigabyte).toFixed(1)} GB free`;
  return { name: 'disk', ok: free >= diskBytesLeast, found, fix: 'free at least 2 GB, or move HONE_HOME' };
}

async function port(): Promise<Check> {
  const state = readState(new Home());
  if (state !== undefined && isAlive(state.pid))
    return { name: 'port', ok: true, found: `the mesh is up at ${state.url}` };
  try {
    await wantedPort(defaultPort);
    return { name: 'port', ok: true, found: `${defaultPort} is free` };
  } catch {
    return { name: 'port', ok: false, found: `${defaultPort} is taken`, fix: 'hone up --port 0 takes any free one' };
  }
}
