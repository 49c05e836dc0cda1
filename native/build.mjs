// Builds the native library and its Node addon with plain cmake. Usage: node native/build.mjs [preset] [--soft] [--jobs N]
// --soft (used while installing) reports a missing compiler and succeeds, so that a machine without one still installs.
import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(fileURLToPath(import.meta.url));
const args = process.argv.slice(2);
const isSoft = args.includes('--soft');
const jobsAt = args.indexOf('--jobs');
const jobs = jobsAt >= 0 ? args[jobsAt + 1] : String(availableParallelism());
const preset = args.find((arg, index) => !arg.startsWith('--') && (jobsAt < 0 || index !== jobsAt + 1)) ?? 'release';

const runs = (command) => spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0;

function refuse(missing, fix) {
  process.stderr.write(`[build:native] expected ${missing} on this machine but found none; fix: ${fix}\n`);
  process.exit(isSoft ? 0 : 1);
}

function run(command, commandArgs) {
  const { status } = spawnSync(command, commandArgs, { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

if (!runs('cmake'))
  refuse('cmake 3.22 or newer', 'apt-get install cmake (Debian, Ubuntu) or dnf install cmake (Fedora)');
const compiler = process.env.CXX ?? ['c++', 'g++', 'clang++'].find(runs);
if (!compiler) refuse('a C++20 compiler', 'apt-get install g++ (Debian, Ubuntu) or dnf install gcc-c++ (Fedora)');

/** Two builds of one directory at once leave half-linked libraries, so the second waits for the first. */
function lockBuild(path) {
  mkdirSync(dirname(path), { recursive: true });
  for (;;) {
    try {
      const file = openSync(path, 'wx');
      writeSync(file, String(process.pid));
      closeSync(file);
      process.on('exit', () => rmSync(path, { force: true }));
      return;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    if (!isRunning(path)) rmSync(path, { force: true });
    else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
  }
}

/** Whether the build that wrote the lock still runs; a killed one leaves its lock behind. */
function isRunning(path) {
  try {
    const pid = Number(readFileSync(path, 'utf8'));
    return pid === 0 || process.kill(pid, 0);
  } catch {
    return false;
  }
}

const buildDir = join(root, 'build', preset);
lockBuild(join(root, 'build', `${preset}.lock`));
if (!existsSync(join(buildDir, 'CMakeCache.txt'))) {
  run('cmake', ['--preset', preset, '-G', runs('ninja') ? 'Ninja' : 'Unix Makefiles']);
}
run('cmake', ['--build', buildDir, '-j', jobs]);
