// Lints the given folders with the one ESLint configuration at the root (`.` means the folder the caller stands in). The
// import law reads Nx's project graph, so the graph is computed first: without it the rule would be skipped with a warning.
import { createProjectGraphAsync } from '@nx/devkit';
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { root } from './workspace.mjs';

process.env.NX_DAEMON = 'false';
const places = process.argv.slice(2).map((place) => resolve(place));
process.chdir(root);
await createProjectGraphAsync({ exitOnError: true });
const eslint = join(dirname(createRequire(import.meta.url).resolve('eslint/package.json')), 'bin/eslint.js');
// A list of changed files may name generated ones, which the configuration ignores: that is no warning.
const flags = ['--max-warnings', '0', '--no-warn-ignored'];
const { status } = spawnSync(process.execPath, [eslint, ...flags, ...places], { stdio: 'inherit' });
process.exit(status ?? 1);
