// Both sides of the rows about linear layers.
import { join } from 'node:path';
import { peers } from './peers/environment.mjs';
import { Contender } from './protocol/contender.mjs';

const threads = 2;

/** Our side at the best level of the processor or at the one named. */
export const oursAt = (isa) =>
  new Contender('hone', process.execPath, [join(import.meta.dirname, 'ours/linear.mjs')], {
    threads,
    env: isa === undefined ? {} : { HONE_ISA: isa },
  });

/** The Python side, or undefined where it cannot be had. */
export function linearPeers() {
  const python = peers();
  if (python === undefined) return undefined;
  const env = { OPENBLAS_NUM_THREADS: `${threads}` };
  return new Contender('peers', python, [join(import.meta.dirname, 'peers/linear.py')], { threads, env });
}

/** The ceiling of bf16 operands: that of the unit which the level uses. */
export const bf16Ceiling = (ceilings, kernel) =>
  kernel === 'amx' ? ceilings.amxGflops : kernel === 'avx512bf16' ? ceilings.bf16Gflops : ceilings.f32Gflops;
