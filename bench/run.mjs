// Runs the benchmark rows and prints a table, or with --json one JSON object a row. `npm run bench -- --row C1`.
// A figure belongs to its machine and its minute; only ratios taken within one run mean anything.
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';

const usage = `npm run bench -- [--row <name>] [--json]

  --row <name>   one row instead of all; several with commas between them
  --json         one JSON object a line: row, workload, ours, peer, ratio, of_ceiling, bar, pass, machine and what else the row tells;
                 null stands for what it does not have`;

const values = readArguments();
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
const asked = values.row?.toLowerCase().split(',');
const isAsked = (name) => asked === undefined || asked.includes(name.toLowerCase());
const wanted = rows.filter(({ names }) => names.some(isAsked));
if (wanted.length === 0) {
  const known = rows.flatMap(({ names }) => names).join(', ');
  console.error(`[bench] expected one of ${known} for --row but received ${values.row}`);
  process.exit(2);
}

function readArguments() {
  const options = {
    row: { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  };
  try {
    const { values } = parseArgs({ options });
    if (!values.help) return values;
    console.log(usage);
    process.exit(0);
  } catch (error) {
    console.error(`[bench] ${error.message}\n\n${usage}`);
    process.exit(2);
  }
}

/** Every row has the same fields in the same order, whatever its module left out. */
function complete({ row, workload, ours, peer = null, ratio, of_ceiling = null, bar = null, pass = null, ...rest }) {
  const share = ratio ?? (peer === null ? null : ours / peer);
  return { row, workload, ours, peer, ratio: share, of_ceiling, bar, pass, machine, ...rest };
}

const results = [];
for (const { names, run } of wanted) {
  console.error(`running ${names.join(', ')} ...`);
  for (const result of await run()) {
    if (!isAsked(result.row)) continue;
    results.push(complete(result));
    if (values.json) console.log(JSON.stringify(results.at(-1)));
  }
}

const short = (value) => (value === null ? '' : value >= 100 ? value.toFixed(0) : value.toPrecision(3));
if (!values.json) {
  const table = new Table({ head: ['row', 'workload', 'ours', 'peer', 'ratio', 'of ceiling', 'bar', ''] });
  for (const { row, workload, unit, ours, peer, peer_name: name, ratio, of_ceiling: share, bar, pass } of results) {
    table.push([
      row,
      workload,
      `${short(ours)} ${unit}`,
      peer === null ? (name ?? '') : `${short(peer)} (${name})`,
      short(ratio),
      share === null ? '' : `${(share * 100).toFixed(0)} %`,
      bar ?? '',
      pass === null ? '' : pass ? 'ok' : 'NOT REACHED',
    ]);
  }
  console.log(table.toString());
}
