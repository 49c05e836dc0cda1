// Goal: a data-parallel run has the losses of the run on one device with the same effective batch, and all its processes end with the
// same adapter. Method: two processes under MPICH (.toolchain/mpi, from PyPI), which sum gradients by MPI_Allreduce through the very
// calls that use NCCL on GPUs.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { writeInitialModel } from '@hone/models';
import { mpiEnvironment } from '@hone/testkit';

const root = join(import.meta.dirname, '../..');
const mpi = mpiEnvironment();
const environment = { ...process.env, ...mpi, HONE_THREADS: '1' };

interface Losses {
  readonly size: number;
  readonly losses: readonly { loss: number; tokenAccuracy: number; gradNorm: number }[];
}

const common = { max_steps: 5, learning_rate: 1e-3, lora_dropout: 0.1, lora_r: 4, per_device_train_batch_size: 2 };

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hone-parallel-'));
  const config = {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    vocab_size: 60,
    hidden_size: 64,
    intermediate_size: 128,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    max_position_embeddings: 64,
    initializer_range: 0.1,
    eos_token_id: 1,
  };
  writeInitialModel(config, join(folder, 'base'), 3);
});
afterAll(() => rmSync(folder, { recursive: true }));

function run(name: string, args: Record<string, unknown>, processes: number): Losses {
  const program = join(import.meta.dirname, 'data-parallel-run.mjs');
  const given = [program, join(folder, 'base'), join(folder, name), JSON.stringify({ ...common, ...args })];
  const command =
    processes > 1
      ? ([mpi?.HONE_MPIEXEC ?? '', ['-n', String(processes), process.execPath, ...given, 'group']] as const)
      : ([process.execPath, given] as const);
  const output = execFileSync(command[0], command[1], {
    cwd: root,
    env: environment,
    encoding: 'utf8',
    timeout: 90_000,
  });
  return JSON.parse(output) as Losses;
}

const adapter = (name: string): Buffer => readFileSync(join(folder, name, 'adapter_model.safetensors'));

(mpi ? describe : describe.skip)('two processes that share the micro-batches of a step', () => {
  it('have the losses of one that accumulates them', () => {
    const two = run('two', { num_processes: 2, gradient_accumulation_steps: 2 }, 2);
    const one = run('one', { gradient_accumulation_steps: 4 }, 1);
    expect(two.size).toBe(2);
    expect(two.losses).toHaveLength(5);
    for (const [step, { loss, tokenAccuracy, gradNorm }] of two.losses.entries()) {
      const alone = one.losses[step] as Losses['losses'][number];
      // Both processes' sums are added in another order.
      expect(Math.abs(loss / alone.loss - 1)).toBeLessThan(1e-5);
      expect(Math.abs(gradNorm / alone.gradNorm - 1)).toBeLessThan(1e-4);
      expect(tokenAccuracy).toBeCloseTo(alone.tokenAccuracy, 6);
    }
  }, 120_000);

  it('end with one adapter', () => {
    expect(adapter('two-0').equals(adapter('two-1'))).toBe(true);
  });
});
