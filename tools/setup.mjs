// Brings the checkout's built parts up to date: the native library, the TypeScript build, nats-server. `--check` only says (by
// its exit code) whether anything has changed since; it looks at names, sizes and times, so that an unchanged tree costs little.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './workspace.mjs';

const stamps = join(root, '.toolchain/stamps');

/** Every part: what it is made from, what proves that it is there, and how it is made. */
const parts = {
  native: {
    inputs: ['native', 'tools/gen-ops', 'tools/gen-ops.mjs'],
    present: () => existsSync(join(root, 'native/build/release')),
    make: () => {
      forgetMovedBuild();
      return run('native/build.mjs');
    },
  },
  typescript: {
    inputs: ['libs', 'services', 'clients', 'tsconfig.base.json', 'tsconfig.json'],
    present: () => existsSync(join(root, 'clients/cli/dist')) && existsSync(join(root, 'libs/base/dist')),
    make: () => run('tools/tsc.mjs', '-b'),
  },
  'nats-server': {
    inputs: ['tools/nats-server.mjs'],
    present: () => Boolean(process.env.HONE_NATS_SERVER) || existsSync(join(root, '.toolchain/bin/nats-server')),
    make: () => run('tools/nats-server.mjs'),
  },
};

const skipped = new Set(['node_modules', 'dist', 'build', '.nx', 'coverage']);

function* filesUnder(path) {
  const found = statSync(join(root, path), { throwIfNoEntry: false });
  if (!found) return;
  if (found.isFile()) return yield `${path} ${found.size} ${found.mtimeMs}`;
  for (const name of readdirSync(join(root, path)).sort()) if (!skipped.has(name)) yield* filesUnder(join(path, name));
}

function keyOf({ inputs }) {
  const hash = createHash('sha256').update(`${root} ${process.version} ${process.arch} ${process.env.HONE_CUDA ?? ''}`);
  for (const input of inputs) for (const line of filesUnder(input)) hash.update(`${line}\n`);
  return hash.digest('hex');
}

/** CMake refuses a build folder that was made at another path, as after the checkout was moved or copied. */
function forgetMovedBuild() {
  const folder = join(root, 'native/build/release');
  const cache = join(folder, 'CMakeCache.txt');
  if (!existsSync(cache)) return;
  const home = /^CMAKE_HOME_DIRECTORY:INTERNAL=(.*)$/m.exec(readFileSync(cache, 'utf8'))?.[1];
  if (home !== join(root, 'native')) rmSync(folder, { recursive: true, force: true });
}

function run(script, ...args) {
  return (
    spawnSync(process.execPath, [join(root, script), ...args], { cwd: root, stdio: ['ignore', 2, 2] }).status === 0
  );
}

const stampOf = (name) => join(stamps, name);
const isFresh = (name, part) =>
  part.present() && existsSync(stampOf(name)) && readFileSync(stampOf(name), 'utf8') === keyOf(part);

function main([argument = '']) {
  const stale = Object.entries(parts).filter(([name, part]) => !isFresh(name, part));
  if (argument === '--check') return stale.length === 0 ? 0 : 1;
  mkdirSync(stamps, { recursive: true });
  const failed = [];
  for (const [name, part] of stale) {
    process.stderr.write(`[setup] making ${name}\n`);
    // Taken before the work: what is edited meanwhile is made again next time.
    const key = keyOf(part);
    rmSync(stampOf(name), { force: true });
    if (part.make() && part.present()) writeFileSync(stampOf(name), key);
    else failed.push(name);
  }
  // Without a bus much can still be built and tested, and what cannot says so itself; every other failure stops here.
  const stops = failed.filter((name) => name !== 'nats-server' || argument === 'setup:all');
  if (failed.length > 0) process.stderr.write(`[setup] failed: ${failed.join(', ')}; the reason is above\n`);
  return stops.length === 0 ? 0 : 1;
}

process.exitCode = main(process.argv.slice(2));
