// The Python environment of the peers, made once in .toolchain/peers; undefined, with the reason on stderr, where it cannot be had.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../tools/workspace.mjs';

const versions = ['torch==2.13.0', 'transformers==5.23.0', 'peft==0.21.2', 'onnx==1.23.2', 'onnxruntime==1.31.1'];

export function peers() {
  const folder = join(root, '.toolchain/peers');
  const python = join(folder, 'bin/python');
  const imports = () => spawnSync(python, ['-c', 'import torch, transformers, peft, onnx, onnxruntime']).status === 0;
  if (existsSync(python) && imports()) return python;
  console.error(`making the peers' environment in ${folder} (several GB)`);
  const steps = [
    ['python3', ['-m', 'venv', folder]],
    [python, ['-m', 'pip', 'install', '-q', ...versions]],
  ];
  for (const [command, args] of steps) {
    if (spawnSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'] }).status === 0) continue;
    console.error(`no peers: "${command} ${args.join(' ')}" failed`);
    return undefined;
  }
  return imports() ? python : undefined;
}
