// node-llama-cpp in a folder of its own (.toolchain/peers-node), with its prebuilt library: no script of it runs, nothing is
// compiled or fetched besides the two packages. Undefined, with the reason on stderr, where it cannot be had.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../tools/workspace.mjs';

const version = '3.22.1';
const folder = join(root, '.toolchain/peers-node');
const library = `@node-llama-cpp/${process.platform === 'darwin' ? 'mac' : process.platform}-${process.arch}`;

export const peerName = `node-llama-cpp ${version}`;

/** The module to import, installed when need be. */
export function nodeLlamaCpp() {
  const entry = join(folder, 'node_modules/node-llama-cpp/dist/index.js');
  const isThere = () => existsSync(entry) && existsSync(join(folder, 'node_modules', library));
  if (isThere()) return entry;
  const packages = [`node-llama-cpp@${version}`, `${library}@${version}`];
  const quiet = ['--no-audit', '--no-fund', '--ignore-scripts', '--omit=optional', '--save-exact'];
  console.error(`installing ${packages.join(' and ')} in ${folder}`);
  const { status, stderr } = spawnSync('npm', ['install', '--prefix', folder, ...quiet, ...packages], {
    encoding: 'utf8',
  });
  if (status === 0 && isThere()) return entry;
  console.error(`no node-llama-cpp: ${stderr?.trim().split('\n').at(-1) ?? 'npm did not start'}`);
  return undefined;
}
