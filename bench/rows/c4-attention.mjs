// C4: causal attention, forward and backward, against the faster of torch's f32 and bf16 kernels. The rate counts what a causal
// mask leaves: 2 D T² operations forward and five halves of that backward, for each query head of each sequence.
import { join } from 'node:path';
import { peers } from '../peers/environment.mjs';
import { withCeilings } from '../protocol/ceilings.mjs';
import { Contender } from '../protocol/contender.mjs';
import { interleave } from '../protocol/interleave.mjs';

export const rows = ['C4'];

const bar = 2.5;
const threads = 2;
const heads = { heads: 32, kvHeads: 8 };
const packed = [700, 41, 256, 390, 5, 133, 480, 43];
const workloads = [64, 128].flatMap((headDim) => [
  { name: `T 512, head size ${headDim}`, lengths: [512], headDim },
  { name: `T 2048, head size ${headDim}`, lengths: [2048], headDim },
  { name: `8 packed sequences of 2048 tokens, head size ${headDim}`, lengths: packed, headDim },
]);

const operations = ({ lengths, headDim }) =>
  3.5 * 2 * heads.heads * headDim * lengths.reduce((sum, length) => sum + length * length, 0);

async function measure(ours, torch, workload) {
  const { lengths, headDim } = workload;
  const request = (precision) => ({ case: 'attention', lengths, headDim, precision, ...heads });
  const sides = [ours, torch].flatMap((side) =>
    side === undefined
      ? []
      : [
          [side, request('bf16')],
          [side, request('f32')],
        ],
  );
  const [own, exact, ...others] = await interleave(sides, { samples: 5 });
  if (own.error !== undefined) throw new Error(own.error);
  const names = ['torch SDPA bf16', 'torch SDPA f32'];
  const [best] = others
    .map((side, index) => ({ ...side, name: names[index] }))
    .filter(({ error }) => error === undefined)
    .sort((a, b) => a.seconds - b.seconds);
  return { workload, own, exact, best, others };
}

function rowOf({ workload, own, exact, best, others }, ceilings, isDisturbed) {
  const rate = ({ seconds }) => operations(workload) / seconds / 1e9;
  const peak = Math.max(ceilings.bf16Gflops, ceilings.amxGflops, ceilings.f32Gflops);
  return {
    row: 'C4',
    workload: `attention forward + backward, 32 query and 8 key heads, ${workload.name}, bf16`,
    unit: 'GFLOP/s',
    ours: rate(own),
    ...(best === undefined ? { peer_name: 'torch cannot be had' } : { peer: rate(best), peer_name: best.name }),
    of_ceiling: rate(own) / peak,
    bar: `>= ${bar}x torch SDPA`,
    pass: best === undefined ? undefined : rate(own) / rate(best) >= bar,
    detail: {
      ours_f32: rate(exact),
      peers: others.map((side) => side.error ?? rate(side)),
      spread: [own.p10, own.p90],
      ceilings,
      isDisturbed,
    },
  };
}

export async function run() {
  const ours = new Contender('hone', process.execPath, [join(import.meta.dirname, '../ours/attention.mjs')], {
    threads,
  });
  const python = peers();
  const script = join(import.meta.dirname, '../peers/attention.py');
  const torch = python && new Contender('torch', python, [script], { threads });
  try {
    const { result, ceilings, isDisturbed } = await withCeilings(async () => {
      const found = [];
      for (const workload of workloads) found.push(await measure(ours, torch, workload));
      return found;
    });
    return result.map((one) => rowOf(one, ceilings, isDisturbed));
  } finally {
    await Promise.all([ours, torch].map((side) => side?.close()));
  }
}
