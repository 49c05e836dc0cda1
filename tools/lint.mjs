// Lints the given folders with the one ESLint configuration at the root (`.` means the folder the caller stands in).
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { root } from './workspace.mjs';

const eslint = join(dirname(createRequire(import.meta.url).resolve('eslint/package.json')), 'bin/eslint.js');
const places = process.argv.slice(2).map((place) => resolve(place));
const { status } = spawnSync(process.execPath, [eslint, '--max-warnings', '0', ...places], {
  stdio: 'inherit',
  cwd: root,
});
process.exitCode = status ?? 1;
