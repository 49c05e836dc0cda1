// Builds the roofline program beside the library and runs it. Usage: node native/bench/run.mjs [--json] [--ceilings]
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const native = dirname(dirname(fileURLToPath(import.meta.url)));
const build = join(native, 'build/release');

// What is built speaks on stderr, so that --json leaves one object on stdout.
function run(command, args, output) {
  const { status } = spawnSync(command, args, { stdio: ['ignore', output, 2] });
  if (status !== 0) process.exit(status ?? 1);
}

run(process.execPath, [join(native, 'build.mjs'), 'release'], 2);
run('cmake', ['-S', native, '-B', build, '-DHONE_BENCH=ON'], 2);
run('cmake', ['--build', build, '--target', 'roofline', '-j', '2'], 2);
run(
  join(build, 'bench/roofline'),
  process.argv.slice(2).filter((arg) => ['--json', '--ceilings'].includes(arg)),
  1,
);
