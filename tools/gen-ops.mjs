// Renders native/ops.json into the C++ argument structs, checks and dispatch tables, the TypeScript signatures, and
// native/tests/cases/*.json into the table of the op harness.
// Usage: node tools/gen-ops.mjs [--check]   (--check writes nothing and fails when a committed rendering is stale)
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readOps } from './gen-ops/read-ops.mjs';
import { readCases, renderCases } from './gen-ops/render-cases.mjs';
import { renderArgs, renderOps } from './gen-ops/render-headers.mjs';
import { renderCudaDispatch, renderDispatch, renderSpecs } from './gen-ops/render-dispatch.mjs';
import { renderTypeScript } from './gen-ops/render-typescript.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const ops = readOps(join(root, 'native/ops.json'));

const cases = readCases(join(root, 'native/tests/cases'), ops);

const renderings = {
  'native/include/hone/ops.h': renderOps(ops),
  'native/src/core/ops-args.h': renderArgs(ops),
  'native/src/core/ops-specs.cc': renderSpecs(ops),
  'native/src/core/ops-dispatch.cc': renderDispatch(ops),
  'native/src/cuda/dispatch.cc': renderCudaDispatch(ops),
  'native/tests/op-cases.cc': renderCases(cases, ops),
  'libs/ml/native/src/ops.generated.ts': renderTypeScript(ops),
};

const stale = [];
for (const [path, text] of Object.entries(renderings)) {
  const file = join(root, path);
  const present = existsSync(file) ? readFileSync(file, 'utf8') : '';
  if (present === text) continue;
  stale.push(path);
  if (!process.argv.includes('--check')) writeFileSync(file, text);
}

if (process.argv.includes('--check') && stale.length > 0) {
  process.stderr.write(`[gen-ops] stale: ${stale.join(', ')}; fix: node ${relative(root, process.argv[1])}\n`);
  process.exitCode = 1;
}
