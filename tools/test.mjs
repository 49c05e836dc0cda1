// Everything that must hold before a change lands: generated files, format, lint, types, native tests (ctest) and Jest. Every
// step runs even when an earlier one fails; the last line is the sum. `node tools/test.mjs --only=jest` runs one step.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './workspace.mjs';

const only = process.argv.find((arg) => arg.startsWith('--only='))?.slice('--only='.length);
const scratch = mkdtempSync(join(tmpdir(), 'hone-test-'));
const sum = { passed: 0, failed: 0, skipped: 0 };

/** Runs a program; true when it exits with 0. */
function succeeds(command, args, options = {}) {
  const { status } = spawnSync(command, args, { stdio: 'inherit', cwd: root, ...options });
  return status === 0;
}

const node = (...args) => succeeds(process.execPath, args);

function count(passed, failed, skipped) {
  sum.passed += passed;
  sum.failed += failed;
  sum.skipped += skipped;
}

/** A check that is one test: it holds or it does not. */
const check = (holds) => count(holds ? 1 : 0, holds ? 0 : 1, 0);

/** ctest's own sum for one build of the library; a run that printed none is a failure. */
function nativeTests(preset) {
  const report = join(scratch, `ctest-${preset}.xml`);
  const folder = `native/build/${preset}`;
  const isGreen = succeeds('ctest', ['--test-dir', folder, '--output-on-failure', '--output-junit', report, '-j2']);
  const suite = existsSync(report) ? readFileSync(report, 'utf8') : '';
  const value = (name) => Number(new RegExp(`<testsuite[^>]*\\b${name}="(\\d+)"`).exec(suite)?.[1] ?? 0);
  const [tests, failures, skipped] = [value('tests'), value('failures'), value('skipped') + value('disabled')];
  count(tests - failures - skipped, failures, skipped);
  if (!isGreen && failures === 0) sum.failed += 1;
}

function jestTests() {
  // The S3 tests want a real MinIO server; where none can be built they say that they were skipped.
  succeeds('sh', ['tools/minio.sh']);
  // Two processes of a data-parallel run meet over MPI; where it cannot be had their test says that it was skipped.
  succeeds('sh', ['tools/mpi.sh']);
  jest('all', []);
}

/** What must hold whatever the processor: reference numbers and invariants, once per instruction set below the best. */
function levelTests() {
  const { isasAvailable } = JSON.parse(
    execFileSync(process.execPath, ['tools/levels.mjs'], { cwd: root, encoding: 'utf8' }),
  );
  for (const isa of isasAvailable.slice(0, -1)) {
    console.log(`-- HONE_ISA=${isa}`);
    jest(isa, ['tests/invariants', 'tests/conformance/reference-models', 'tests/conformance/families'], {
      HONE_ISA: isa,
    });
  }
}

/** One run of Jest, counted; `env` is added to the environment. */
function jest(name, paths, env = {}) {
  const report = join(scratch, `jest-${name}.json`);
  const flags = ['--json', `--outputFile=${report}`, '--silent'];
  const isGreen = succeeds(process.execPath, ['tools/jest.mjs', ...flags, ...paths], {
    env: { ...process.env, ...env },
  });
  if (!existsSync(report)) return count(0, 1, 0);
  const { numPassedTests, numFailedTests, numPendingTests, numRuntimeErrorTestSuites } = JSON.parse(
    readFileSync(report, 'utf8'),
  );
  count(numPassedTests, numFailedTests + numRuntimeErrorTestSuites, numPendingTests);
  if (!isGreen && numFailedTests + numRuntimeErrorTestSuites === 0) sum.failed += 1;
}

/** libhone_cuda.so compiles without a warning and is what it says; skipped where there is neither a toolkit nor a way to PyPI. */
function cudaBuild() {
  const { status } = spawnSync(process.execPath, ['native/build-cuda.mjs'], { stdio: 'inherit', cwd: root });
  if (status === 77) return count(0, 0, 1);
  check(status === 0);
  if (status === 0) jest('cuda', ['tests/conformance/cuda-library.test.ts']);
}

const bin = (name) => join(root, 'node_modules', name);
const steps = {
  generated: () => {
    check(node('tools/workspace.mjs', '--check'));
    check(node('tools/gen-ops.mjs', '--check'));
    check(node('tools/gen-book.mjs', '--check'));
  },
  format: () => check(node(bin('prettier/bin/prettier.cjs'), '--check', '--log-level', 'warn', '.')),
  lint: () => check(node('tools/lint.mjs', 'libs', 'services', 'clients', 'tests', 'tools', 'examples', 'bench')),
  types: () => check(node('tools/tsc.mjs', '-p', 'tsconfig.tests.json')),
  native: () => nativeTests('release'),
  // The plain and the AVX2 kernels under the address and undefined-behaviour sanitizers.
  sanitizers: () => (node('native/build.mjs', 'asan') ? nativeTests('asan') : count(0, 1, 0)),
  cuda: cudaBuild,
  jest: jestTests,
  levels: levelTests,
};

for (const [name, step] of Object.entries(steps)) {
  if (only !== undefined && only !== name) continue;
  const started = performance.now();
  console.log(`\n== ${name}`);
  const failedBefore = sum.failed;
  step();
  console.log(
    `== ${name}: ${sum.failed === failedBefore ? 'ok' : 'FAILED'} (${((performance.now() - started) / 1000).toFixed(1)} s)`,
  );
}
console.log(`\n${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`);
process.exitCode = sum.failed === 0 && sum.passed > 0 ? 0 : 1;
