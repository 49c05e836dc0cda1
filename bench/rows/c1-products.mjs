// Row C1: products of 512 rows with a packed weight, f32 against OpenBLAS and bf16 against oneDNN (torch), with their gradients; and
// the share that the AVX-512-BF16 dot reaches where the processor has a tile unit besides.
import { bf16Ceiling, linearPeers, oursAt } from '../linear.mjs';
import { withCeilings } from '../protocol/ceilings.mjs';
import { interleave } from '../protocol/interleave.mjs';

export const rows = ['C1'];

const bars = { ratio: 0.95, share: 0.85 };
const sizes = [
  [2048, 2048],
  [8192, 2048],
  [2048, 8192],
].map(([columns, depth]) => ({ rows: 512, columns, depth }));
const names = { forward: 'x Wᵀ', input: 'dy W', weight: 'dyᵀ x' };

const sides = {
  f32: { format: 'packed-f32', peer: { case: 'numpy' }, name: 'numpy, OpenBLAS' },
  bf16: { format: 'packed-bf16', peer: { case: 'torch', dtype: 'bfloat16' }, name: 'torch, oneDNN' },
};

export async function run() {
  const [ours, dots, peer] = [oursAt(), oursAt('avx512bf16'), linearPeers()];
  try {
    const { result, ceilings, isDisturbed } = await withCeilings(() => measure(ours, dots, peer));
    return result.map(({ kernel, operand, ...row }) => {
      const ceiling = operand === 'f32' ? ceilings.f32Gflops : bf16Ceiling(ceilings, kernel);
      const share = row.ours / ceiling;
      const isShare = row.peer_name === undefined;
      return {
        ...row,
        of_ceiling: share,
        bar: isShare ? `>= ${bars.share * 100} % of the dot peak` : `ratio >= ${bars.ratio}`,
        pass: isShare ? share >= bars.share : row.peer === undefined ? undefined : row.ours >= bars.ratio * row.peer,
        detail: { kernel, ceilings, isDisturbed },
      };
    });
  } finally {
    await Promise.all([ours, dots, peer].map((side) => side?.close()));
  }
}

async function measure(ours, dots, peer) {
  const found = [];
  for (const size of sizes) {
    const rate = ({ seconds }) => (2 * size.rows * size.columns * size.depth) / seconds / 1e9;
    const label = (operand, product, kernel) =>
      `${names[product]}, ${operand}, M 512, N ${size.columns}, K ${size.depth} (${kernel})`;
    for (const [operand, { format, peer: request, name }] of Object.entries(sides)) {
      for (const product of Object.keys(names)) {
        const contenders = [[ours, { case: 'linear', format, product, ...size }]];
        if (peer !== undefined) contenders.push([peer, { ...request, product, ...size }]);
        const [one, other] = await interleave(contenders, { samples: 7 });
        if (one.error !== undefined) throw new Error(one.error);
        const kernel = one.detail.kernel;
        const isThere = other !== undefined && other.error === undefined;
        found.push({
          row: 'C1',
          workload: label(operand, product, kernel),
          unit: 'GFLOP/s',
          ours: rate(one),
          peer: isThere ? rate(other) : undefined,
          peer_name: isThere ? name : (other?.error ?? 'not to be had here'),
          kernel,
          operand,
        });
      }
    }
    const [dot] = await interleave([[dots, { case: 'linear', format: 'packed-bf16', product: 'forward', ...size }]]);
    if (dot.error !== undefined || dot.detail.kernel !== 'avx512bf16') continue;
    found.push({
      row: 'C1',
      workload: label('bf16', 'forward', 'avx512bf16'),
      unit: 'GFLOP/s',
      ours: rate(dot),
      kernel: 'avx512bf16',
      operand: 'bf16',
    });
  }
  return found;
}
