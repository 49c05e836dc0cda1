// What this machine can do at most, measured in the same run as the figures: GFLOP/s of f32 FMA, bf16 dots and the tile unit,
// GB/s of reading and copying (read + written), on all threads.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from '../../tools/workspace.mjs';

/** { f32Gflops, bf16Gflops, amxGflops, readGbps, copyGbps }; a unit that the processor lacks is 0. */
export function measureCeilings() {
  const text = execFileSync(process.execPath, [join(root, 'native/bench/run.mjs'), '--json', '--ceilings'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return JSON.parse(text).ceilings.first;
}

/** Ceilings around a body: the better of before and after counts, and a row in which one sank by a fifth says so. */
export async function withCeilings(body) {
  const before = measureCeilings();
  const result = await body(before);
  const after = measureCeilings();
  const names = Object.keys(before);
  const best = Object.fromEntries(names.map((name) => [name, Math.max(before[name], after[name])]));
  const sunk = names.filter((name) => Math.min(before[name], after[name]) < 0.8 * best[name]);
  return { result, ceilings: best, isDisturbed: sunk.length > 0 };
}
