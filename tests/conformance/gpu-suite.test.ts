// Goal: tools/gpu-suite.sh works before the day a GPU is at hand. Method: its programs on the emulated card, with small shapes, against
// torch, transformers and peft on the processor; skipped where no Python has these.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const root = join(import.meta.dirname, '../..');
const card = join(root, 'native/build/release/tests/cuda-emulator/libhone_cuda_emulated.so');
const hasPeers = (python: string) =>
  spawnSync(python, ['-c', 'import torch, transformers, peft'], { stdio: 'ignore' }).status === 0;
const python = [join(root, '.toolchain/peers/bin/python'), 'python3'].find(hasPeers);
const describeSuite = python !== undefined && existsSync(card) ? describe : describe.skip;

/** What a program of the suite said, without the notes of its libraries. */
function run(...args: string[]): { status: number | null; said: string[] } {
  const [program, ...rest] = args as [string, ...string[]];
  const { status, stdout } = spawnSync(python as string, [join(root, 'tools/gpu-suite', program), ...rest], {
    encoding: 'utf8',
    env: { ...process.env, HONE_CUDA_LIBRARY: card },
  });
  return { status, said: stdout.trim().split('\n') };
}

describeSuite('the suite for a GPU, on the emulated card', () => {
  it.each([['train.py'], ['serve.py']])(
    '%s finds transformers and the ops of one mind',
    (program) => {
      const { status, said } = run(program, '--small');
      expect(said.filter((line) => !line.startsWith('ok  '))).toEqual([]);
      expect(status).toBe(0);
    },
    180_000,
  );
});
