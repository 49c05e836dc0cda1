// Runs Jest on the sources as ES modules. Arguments are path filters and Jest flags: `node tools/jest.mjs libs/base --watch`.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { root } from './workspace.mjs';

const jest = join(dirname(createRequire(import.meta.url).resolve('jest/package.json')), 'bin/jest.js');
const args = process.argv.slice(2).map((arg) => (arg === '.' ? resolve('.') : arg));
const { status } = spawnSync(
  process.execPath,
  ['--experimental-vm-modules', '--no-warnings', jest, '--config', `${root}/jest.config.mjs`, ...args],
  { stdio: 'inherit', cwd: root },
);
process.exitCode = status ?? 1;
