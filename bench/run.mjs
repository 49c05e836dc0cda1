// Runs the benchmark rows and prints a table, or with --json one JSON object a row. `npm run bench -- --row C1`.
// A figure belongs to its machine and its minute; only ratios taken within one run mean anything.
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';

const { values } = parseArgs({ options: { row: { type: 'string' }, json: { type: 'boolean', default: false } } });
const machine = { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, node: process.version, commit: commit() };

function commit() {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  } catch {
    return 'unknown';
  }
}

/** A module of bench/rows says which rows it has; what it imports is loaded only when it runs. */
const folder = join(import.meta.dirname, 'rows');
const modules = readdirSync(folder)
  .filter((file) => file.endsWith('.mjs'))
  .sort();
const rows = await Promise.all(
  modules.map(async (file) => {
    const { rows: names, run } = await import(join(folder, file));
    return { names, run };
  }),
);
const isAsked = (name) => values.row === undefined || name.toLowerCase() === values.row.toLowerCase();
const wanted = rows.filter(({ names }) => names.some(isAsked));
if (wanted.length === 0) {
  const known = rows.flatMap(({ names }) => names).join(', ');
  console.error(`[bench] expected one of ${known} for --row but received ${values.row}`);
  process.exit(2);
}

const results = [];
for (const { names, run } of wanted) {
  if (!values.json) console.error(`running ${names.join(', ')} ...`);
  for (const result of await run()) {
    if (!isAsked(result.row)) continue;
    const { ours, peer, ratio = peer === undefined ? undefined : ours / peer } = result;
    results.push({ ...result, ratio, machine });
    if (values.json) console.log(JSON.stringify(results.at(-1)));
  }
}

const short = (value) => (value === undefined ? '' : value >= 100 ? value.toFixed(0) : value.toPrecision(3));
if (!values.json) {
  const table = new Table({ head: ['row', 'workload', 'ours', 'peer', 'ratio', 'of ceiling', 'bar', ''] });
  for (const { row, workload, unit, ours, peer, peer_name: name, ratio, of_ceiling: share, bar, pass } of results) {
    table.push([
      row,
      workload,
      `${short(ours)} ${unit}`,
      peer === undefined ? (name ?? '') : `${short(peer)} (${name})`,
      short(ratio),
      share === undefined ? '' : `${(share * 100).toFixed(0)} %`,
      bar ?? '',
      pass === undefined ? '' : pass ? 'ok' : 'NOT REACHED',
    ]);
  }
  console.log(table.toString());
}
