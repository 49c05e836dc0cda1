// The one table of Hone's packages and of the import law. `node tools/workspace.mjs` writes each package's package.json and
// tsconfig.json from it and the root tsconfig.json; `--check` fails when a written file differs. tests/architecture and the
// linter read the same table, so the law has one source.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..');

const ml = ['native', 'tensor', 'nn', 'models', 'text', 'data', 'recipes', 'engine', 'evals', 'experiments'];
const platform = ['mesh', 'artifacts', 'telemetry', 'service-kit'];
const serviceLaw = ['base', 'contracts', ...platform, 'text', 'data', 'evals', 'experiments'];

/** name -> where it lives and which @hone packages its production code may import (everything else is an error). */
export const packages = {
  base: { path: 'libs/base', mayImport: [] },
  contracts: { path: 'libs/contracts', mayImport: ['base'] },
  mesh: { path: 'libs/platform/mesh', mayImport: ['base', 'contracts'] },
  artifacts: { path: 'libs/platform/artifacts', mayImport: ['base', 'contracts'] },
  telemetry: { path: 'libs/platform/telemetry', mayImport: ['base', 'contracts'] },
  'service-kit': {
    path: 'libs/platform/service-kit',
    mayImport: ['base', 'contracts', 'mesh', 'artifacts', 'telemetry'],
  },
  native: { path: 'libs/ml/native', mayImport: ['base'] },
  tensor: { path: 'libs/ml/tensor', mayImport: ['base', 'native'] },
  nn: { path: 'libs/ml/nn', mayImport: ['base', 'tensor'] },
  models: { path: 'libs/ml/models', mayImport: ['base', 'tensor', 'nn'] },
  text: { path: 'libs/ml/text', mayImport: ['base'] },
  data: { path: 'libs/ml/data', mayImport: ['base'] },
  recipes: { path: 'libs/ml/recipes', mayImport: ['base', 'tensor', 'nn', 'models', 'data', 'text'] },
  engine: { path: 'libs/ml/engine', mayImport: ['base', 'tensor', 'nn', 'models', 'data', 'text'] },
  evals: { path: 'libs/ml/evals', mayImport: ['base'] },
  experiments: { path: 'libs/ml/experiments', mayImport: ['base'] },
  testkit: { path: 'libs/testkit', mayImport: ['base', 'contracts', ...platform, ...ml] },
  gateway: { path: 'services/gateway', mayImport: serviceLaw },
  'data-curation': { path: 'services/data-curation', mayImport: serviceLaw },
  tokenizer: { path: 'services/tokenizer', mayImport: serviceLaw },
  trainer: {
    path: 'services/trainer',
    mayImport: [...serviceLaw, 'native', 'tensor', 'nn', 'models', 'recipes', 'engine'],
  },
  reward: { path: 'services/reward', mayImport: serviceLaw },
  evaluator: { path: 'services/evaluator', mayImport: serviceLaw },
  registry: { path: 'services/registry', mayImport: serviceLaw },
  serving: {
    path: 'services/serving',
    mayImport: [...serviceLaw, 'native', 'tensor', 'nn', 'models', 'recipes', 'engine'],
  },
  cli: { path: 'clients/cli', mayImport: ['base', 'contracts'] },
};

const written = (path, text) => {
  const file = join(root, path);
  const same = existsSync(file) && readFileSync(file, 'utf8') === text;
  if (same) return true;
  if (process.argv.includes('--check')) return false;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return true;
};

const json = (value) => JSON.stringify(value, null, 2) + '\n';
const kindOf = (path) => path.split('/')[0].replace(/s$/, '').replace('lib', 'library');

function packageFile(name, { path }) {
  const file = join(root, path, 'package.json');
  const old = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
  return json({
    name: `@hone/${name}`,
    version: '0.1.0',
    private: true,
    type: 'module',
    ...(old.bin ? { bin: old.bin } : {}),
    exports: { '.': { '@hone/source': './src/index.ts', types: './dist/index.d.ts', default: './dist/index.js' } },
    scripts: {
      build: `node ${relative(path, 'tools/tsc.mjs')} -b .`,
      lint: `node ${relative(path, 'tools/lint.mjs')} .`,
      test: `node ${relative(path, 'tools/jest.mjs')} .`,
    },
    nx: { tags: [`kind:${kindOf(path)}`, `name:${name}`] },
  });
}

const projectFile = ({ path, mayImport }) =>
  json({
    extends: relative(path, 'tsconfig.base.json'),
    compilerOptions: { rootDir: 'src', outDir: 'dist', tsBuildInfoFile: 'dist/.tsbuildinfo' },
    include: ['src'],
    exclude: ['**/*.test.ts'],
    references: mayImport.map((other) => ({ path: relative(path, packages[other].path) })),
  });

function main() {
  const stale = [];
  const write = (path, text) => written(path, text) || stale.push(path);
  for (const [name, entry] of Object.entries(packages)) {
    write(`${entry.path}/package.json`, packageFile(name, entry));
    write(`${entry.path}/tsconfig.json`, projectFile(entry));
    if (!existsSync(join(root, entry.path, 'src/index.ts'))) write(`${entry.path}/src/index.ts`, 'export {};\n');
  }
  write('tsconfig.json', json({ files: [], references: Object.values(packages).map(({ path }) => ({ path })) }));
  if (stale.length > 0) {
    console.error(`stale: ${stale.join(', ')}; fix: node tools/workspace.mjs`);
    process.exitCode = 1;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
