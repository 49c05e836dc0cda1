// Goal: a run whose GPU is lost fails with that reason, and goes on from its last checkpoint on another device of the same process.
// Method: the emulated card, told by HONE_EMULATOR_LOST_AFTER to be gone in the middle of a run, in a process of its own.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from '@jest/globals';
import { writeInitialModel } from '@hone/models';
import { repositoryRoot } from '@hone/testkit';

const library = join(repositoryRoot, 'native/build/release/tests/cuda-emulator/libhone_cuda_emulated.so');
const folder = mkdtempSync(join(tmpdir(), 'hone-card-lost-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Attempt {
  readonly device: string;
  readonly why: string;
  readonly kind?: string;
  readonly code?: string;
  readonly message?: string;
  readonly status?: string;
  /** The step that it began after, and those that it told of. */
  readonly steps: readonly number[];
}

(existsSync(library) ? it : it.skip)('goes on from the last checkpoint on the processor', () => {
  const sizes = {
    vocab_size: 60,
    hidden_size: 64,
    intermediate_size: 96,
    num_hidden_layers: 1,
    num_attention_heads: 4,
  };
  writeInitialModel({ architectures: ['LlamaForCausalLM'], model_type: 'llama', ...sizes }, join(folder, 'base'), 2);
  const program = join(import.meta.dirname, 'lose-card.mjs');
  const env = { ...process.env, HONE_CUDA_LIBRARY: library, HONE_EMULATOR_LOST_AFTER: '600' };
  const told = execFileSync(process.execPath, [program, join(folder, 'base'), join(folder, 'out')], { env });
  const { first, second, refused, left } = JSON.parse(told.toString()) as Record<'first' | 'second', Attempt> & {
    refused: string;
    left: number;
  };
  expect(first).toMatchObject({ device: 'cuda', kind: 'fault', code: 'DEVICE_LOST' });
  expect(first.message).toContain('the GPU was lost while');
  const lastTold = first.steps.at(-1) as number;
  expect(lastTold).toBeGreaterThanOrEqual(2);
  expect(lastTold).toBeLessThan(12);
  expect(refused).toBe('DEVICE_LOST');
  expect(second).toMatchObject({ device: 'cpu', status: 'completed' });
  expect(second.why).toContain('the GPU was lost');
  const saved = lastTold - (lastTold % 2);
  expect(second.steps).toEqual(Array.from({ length: 13 - saved }, (_, at) => saved + at));
  expect(left).toBe(0);
});
