// Runs the benchmark rows and prints a table, or with --json one JSON object a row. `npm run bench -- --row sft-100m`.
// A figure belongs to its machine and its minute; only ratios taken within one run mean anything.
import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';

const rooms = {
  kernels: ['linear-f32-m512', 'linear-bf16-m512', 'linear-nf4-m1', 'kernel'],
  'sft-100m': ['sft-100m'],
  mesh: ['cold-start', 'request-overhead'],
};
const { values } = parseArgs({ options: { row: { type: 'string' }, json: { type: 'boolean', default: false } } });
const machine = { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, node: process.version, commit: commit() };

function commit() {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  } catch {
    return 'unknown';
  }
}

const wanted = Object.entries(rooms).filter(
  ([room, rows]) => values.row === undefined || values.row === room || rows.includes(values.row),
);
if (wanted.length === 0) {
  console.error(
    `[bench] expected one of ${Object.values(rooms).flat().join(', ')} for --row but received ${values.row}`,
  );
  process.exit(2);
}
const results = [];
for (const [room] of wanted) {
  if (!values.json) console.error(`running ${room} ...`);
  const { run } = await import(`./rows/${room}.mjs`);
  for (const result of await run()) {
    if (values.row !== undefined && values.row !== room && result.row !== values.row) continue;
    results.push({ ...result, ...(result.peer === undefined ? {} : { ratio: result.ours / result.peer }), machine });
  }
}

const short = (value) => (value === undefined ? '' : value >= 100 ? value.toFixed(0) : value.toPrecision(3));
if (values.json) for (const result of results) console.log(JSON.stringify(result));
else {
  const table = new Table({ head: ['row', 'workload', 'ours', 'peer', 'ratio', 'of ceiling', 'bar', ''] });
  for (const { row, workload, unit, ours, peer, ratio, of_ceiling: share, bar, pass } of results) {
    table.push([
      row,
      workload,
      `${short(ours)} ${unit}`,
      short(peer),
      short(ratio),
      share === undefined ? '' : `${(share * 100).toFixed(0)} %`,
      bar ?? '',
      pass === undefined ? '' : pass ? 'ok' : 'NOT REACHED',
    ]);
  }
  console.log(table.toString());
}
