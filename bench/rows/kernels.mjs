// The kernel rows of native/bench, with the ceilings that were measured beside them. The dot peak is that of the instruction set
// that ran, so AVX-512-BF16 is asked for by name where the processor also has a tile unit.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from '../../tools/workspace.mjs';

const bars = [
  { match: /^linear packed-f32 M=512/, row: 'linear-f32-m512', bar: 0.6 },
  { match: /^linear packed-bf16 M=512/, row: 'linear-bf16-m512', bar: 0.6 },
  { match: /^linear nf4 M=1 /, row: 'linear-nf4-m1', bar: 0.5 },
];

function roofline(isa) {
  const { status, stdout } = spawnSync(process.execPath, [join(root, 'native/bench/run.mjs'), '--json'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...(isa === undefined ? {} : { HONE_ISA: isa }) },
  });
  if (status !== 0) throw new Error('the roofline program failed');
  return JSON.parse(stdout);
}

export const rows = ['linear-f32-m512', 'linear-bf16-m512', 'linear-nf4-m1', 'kernel'];

export async function run() {
  const best = roofline();
  const reports = best.isa === 'amx' ? [roofline('avx512bf16'), best] : [best];
  return reports.flatMap(({ isa, ceilings, figures }) =>
    figures.map(({ name, rate, unit, ceiling, share }) => {
      const known = bars.find(({ match }) => match.test(name));
      const hasBar = known !== undefined && isa !== 'amx';
      return {
        row: known?.row ?? 'kernel',
        workload: `${name} (${isa})`,
        unit,
        ours: rate,
        ceiling,
        of_ceiling: share,
        bar: hasBar ? `>= ${known.bar * 100} % of the ceiling` : undefined,
        pass: hasBar ? share >= known.bar : undefined,
        detail: { ceilings },
      };
    }),
  );
}
