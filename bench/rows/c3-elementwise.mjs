// C3: the passes of a decoder layer between its products, which memory bounds: the share of the copy bandwidth that they reach when
// each operand counts once, read or written. The peer is the fastest of torch eager and torch.compile in f32 and bf16.
import { join } from 'node:path';
import { peers } from '../peers/environment.mjs';
import { withCeilings } from '../protocol/ceilings.mjs';
import { Contender } from '../protocol/contender.mjs';
import { interleave } from '../protocol/interleave.mjs';

export const rows = ['C3'];

const bar = 0.8;
const threads = 2;
const tokens = 4096;
const hidden = { width: 2048 };
const inner = { width: 8192 };
const workloads = [
  { op: 'addRmsNorm', name: 'add + RMS norm, forward, d 2048', shape: hidden },
  { op: 'rmsNormBackward', name: 'RMS norm, backward into a sum, with the weight gradient, d 2048', shape: hidden },
  { op: 'swigluForward', name: 'SwiGLU, forward, F 8192', shape: inner },
  { op: 'swigluBackward', name: 'SwiGLU, backward, F 8192', shape: inner },
  { op: 'rope', name: 'RoPE in place, 32 heads of 64', shape: { heads: 32, headDim: 64 } },
];
const kinds = [
  { name: 'torch eager f32', precision: 'f32', isCompiled: false },
  { name: 'torch eager bf16', precision: 'bf16', isCompiled: false },
  { name: 'torch.compile f32', precision: 'f32', isCompiled: true },
  { name: 'torch.compile bf16', precision: 'bf16', isCompiled: true },
];

async function measure(ours, torches, { op, name, shape }) {
  const request = { case: op, tokens, ...shape };
  const sides = torches.map((torch, index) => {
    const { precision, isCompiled } = kinds[index];
    return [torch, { ...request, precision, isCompiled }];
  });
  const [own, ...found] = await interleave([[ours, request], ...sides], { samples: 5 });
  if (own.error !== undefined) throw new Error(own.error);
  const others = found.map((side, index) => ({ ...side, name: kinds[index].name }));
  const [best] = others.filter(({ error }) => error === undefined).sort((a, b) => a.seconds - b.seconds);
  return { name, own, best, others };
}

function rowOf({ name, own, best, others }, ceilings, isDisturbed) {
  const rate = ({ seconds }) => tokens / seconds / 1e6;
  const bandwidth = own.detail.bytes / own.seconds / 1e9;
  const share = bandwidth / ceilings.copyGbps;
  return {
    row: 'C3',
    workload: `${name}, ${tokens} tokens`,
    unit: 'Mtoken/s',
    ours: rate(own),
    ...(best === undefined ? { peer_name: 'torch cannot be had' } : { peer: rate(best), peer_name: best.name }),
    of_ceiling: share,
    bar: `>= ${bar * 100} % of the copy bandwidth`,
    pass: share >= bar,
    detail: {
      bytes: own.detail.bytes,
      gbps: bandwidth,
      peers: Object.fromEntries(others.map((side) => [side.name, side.error ?? rate(side)])),
      spread: [own.p10, own.p90],
      ceilings,
      isDisturbed,
    },
  };
}

export async function run() {
  const contender = (name, command, script) =>
    new Contender(name, command, [join(import.meta.dirname, script)], { threads });
  const ours = contender('hone', process.execPath, '../ours/elementwise.mjs');
  const python = peers();
  // A process for each kind, because a contender holds one case prepared and compiling takes seconds.
  const torches =
    python === undefined ? [] : kinds.map(({ name }) => contender(name, python, '../peers/elementwise.py'));
  try {
    const { result, ceilings, isDisturbed } = await withCeilings(async () => {
      const found = [];
      for (const workload of workloads) found.push(await measure(ours, torches, workload));
      return found;
    });
    return result.map((one) => rowOf(one, ceilings, isDisturbed));
  } finally {
    await Promise.all([ours, ...torches].map((side) => side.close()));
  }
}
