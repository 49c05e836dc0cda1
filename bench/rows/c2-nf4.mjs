// Row C2: an NF4 linear layer of 8192 x 2048 for 1, 8, 32 and 512 rows, weights beyond the caches, against the 4-bit products of
// onnxruntime and the bf16 product of torch; and the share of its peak that the AVX-512-BF16 dot reaches with 512 rows where the
// processor has a tile unit besides.
import { bf16Ceiling, linearPeers, oursAt } from '../linear.mjs';
import { withCeilings } from '../protocol/ceilings.mjs';
import { interleave } from '../protocol/interleave.mjs';

export const rows = ['C2'];

const [columns, depth] = [8192, 2048];
const bars = { bnb4: 10, readShare: 0.75, dotShare: 0.8 };
// Two dozen copies of 9 MB are beyond most last-level caches, and quick to make.
const copies = 24;
// A weight takes 4 bits, its scale 2 bytes for 64 weights.
const weightBytes = columns * depth * (0.5 + 2 / 64);

const peerCases = {
  'onnxruntime MatMulBnb4': { case: 'bnb4', copies: 4 },
  'onnxruntime MatMulNBits, accuracy 4': { case: 'nbits', copies },
  'torch bf16, oneDNN': { case: 'torch', product: 'forward', dtype: 'bfloat16', copies: 6 },
};

export async function run() {
  const [ours, dots, peer] = [oursAt(), oursAt('avx512bf16'), linearPeers()];
  try {
    const { result, ceilings, isDisturbed } = await withCeilings(() => measure(ours, dots, peer));
    return result.flatMap((one) => rowsOf(one, ceilings, isDisturbed));
  } finally {
    await Promise.all([ours, dots, peer].map((side) => side?.close()));
  }
}

async function measure(ours, dots, peer) {
  const found = [];
  for (const count of [1, 8, 32, 512]) {
    const size = { rows: count, columns, depth };
    const request = { case: 'linear', format: 'nf4', product: 'forward', copies, ...size };
    const contenders = [[ours, request]];
    if (peer !== undefined) {
      for (const other of Object.values(peerCases)) contenders.push([peer, { ...other, ...size }]);
    }
    const sides = await interleave(contenders, { samples: 5 });
    found.push({ count, sides });
    if (count !== 512 || sides[0].detail?.kernel === 'avx512bf16') continue;
    const [dot] = await interleave([[dots, request]]);
    if (dot.error === undefined && dot.detail.kernel === 'avx512bf16')
      found.push({ count, sides: [dot], isAlone: true });
  }
  return found;
}

function rowsOf({ count, sides, isAlone }, ceilings, isDisturbed) {
  const [one, ...others] = sides;
  if (one.error !== undefined) throw new Error(one.error);
  const flops = 2 * count * columns * depth;
  const rate = ({ seconds }) => flops / seconds / 1e9;
  const kernel = one.detail.kernel;
  const isStream = count === 1;
  const share = isStream
    ? weightBytes / one.seconds / 1e9 / ceilings.readGbps
    : rate(one) / bf16Ceiling(ceilings, kernel);
  const bar = { 1: bars.readShare, 512: bars.dotShare }[count];
  const own = {
    row: 'C2',
    workload: `NF4 ${columns} x ${depth}, M ${count} (${kernel})`,
    unit: isStream ? 'GB/s' : 'GFLOP/s',
    ours: isStream ? weightBytes / one.seconds / 1e9 : rate(one),
    of_ceiling: share,
    bar: bar && `>= ${bar * 100} % of the ${isStream ? 'read rate' : 'bf16 peak'}`,
    pass: bar && share >= bar,
    detail: { kernel, ceilings, isDisturbed },
  };
  if (isAlone) return [own];
  const against = Object.keys(peerCases).map((name, index) => {
    const other = others[index];
    const isThere = other !== undefined && other.error === undefined;
    const hasBar = name.endsWith('MatMulBnb4');
    return {
      row: 'C2',
      workload: `NF4 ${columns} x ${depth}, M ${count} (${kernel})`,
      unit: 'GFLOP/s',
      ours: rate(one),
      peer: isThere ? rate(other) : undefined,
      peer_name: isThere ? name : `${name}: ${other?.error ?? 'not to be had here'}`,
      bar: hasBar ? `ratio >= ${bars.bnb4}` : undefined,
      pass: hasBar && isThere ? rate(one) >= bars.bnb4 * rate(other) : undefined,
    };
  });
  return [own, ...against];
}
