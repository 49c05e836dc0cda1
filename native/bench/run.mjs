// Builds the roofline program and runs it; arguments go to the program. Usage: node native/bench/run.mjs [--json]
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const native = dirname(dirname(fileURLToPath(import.meta.url)));
const asJson = process.argv.includes('--json');

// The build speaks on stderr, so that --json leaves one object on stdout.
const build = spawnSync(process.execPath, [join(native, 'build.mjs'), 'bench'], { stdio: ['ignore', 2, 2] });
if (build.status !== 0) process.exit(build.status ?? 1);
const bench = spawnSync(join(native, 'build/bench/bench/roofline'), asJson ? ['--json'] : [], { stdio: 'inherit' });
process.exit(bench.status ?? 1);
