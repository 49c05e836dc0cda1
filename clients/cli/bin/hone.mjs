#!/usr/bin/env node
// Starts the built CLI with a Node that is new enough: this one, or the one that set-up fetched into .toolchain.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '../../..');
const main = join(root, 'clients/cli/dist/main.js');
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const isNewEnough = major > 22 || (major === 22 && minor >= 15);

function fetchedNode() {
  const toolchain = join(root, '.toolchain');
  const folders = existsSync(toolchain) ? readdirSync(toolchain).filter((name) => name.startsWith('node-v')) : [];
  return folders.map((name) => join(toolchain, name, 'bin/node')).find((path) => existsSync(path));
}

/** Runs the CLI as a child that gets every signal meant for it: a mesh must not outlive the command that holds it. */
function runWith(node) {
  const child = spawn(node, [main, ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + (constants.signals[signal] ?? 0);
  });
}

const give = (message) => {
  process.stderr.write(`${message}\n`);
  process.exitCode = 5;
};

if (!existsSync(main)) give('[hone] expected a built checkout but found none; fix: npm run setup');
else if (isNewEnough) await import(main);
else {
  const node = fetchedNode();
  if (node === undefined)
    give(`[hone] expected Node 22.15 or newer but this is ${process.version}; fix: npm run setup`);
  else runWith(node);
}
