// Writes the tables of docs/benchmarks/README.md from the rows recorded beside it (*.jsonl, each made with `npm run bench -- --json`),
// so that every figure of the page stands in a recorded run. `--check` says whether the page is as it would be written.
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from '../tools/workspace.mjs';

const folder = join(root, 'docs/benchmarks');
const page = join(folder, 'README.md');
const block = /<!-- rows (\S+\.jsonl) -->\n[\s\S]*?<!-- end of rows -->/g;

const figure = (value) => (Math.abs(value) >= 100 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(3));
const reached = (pass) => (pass === null ? '' : pass ? 'yes' : '**no**');

function line({ row, workload, unit, ours, peer, peer_name: name, ratio, of_ceiling: share, bar, pass, ...why }) {
  return [
    row,
    workload,
    ours === null ? (why.skipped ?? `failed: ${why.failed}`) : `${figure(ours)} ${unit}`,
    peer === null ? (name ?? '') : `${figure(peer)}${name === undefined ? '' : ` (${name})`}`,
    ratio === null ? '' : figure(ratio),
    share === null ? '' : `${Math.round(share * 100)} %`,
    bar ?? '',
    reached(pass),
  ];
}

/** The table of one recorded run. */
export function tableOf(file) {
  const rows = readFileSync(join(folder, basename(file)), 'utf8')
    .trim()
    .split('\n')
    .map((text) => JSON.parse(text));
  const head = ['row', 'workload', 'ours', 'peer', 'ratio', 'of ceiling', 'bar', 'reached'];
  const lines = [head, head.map(() => '---'), ...rows.map(line)];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** The page with every table as its recorded run gives it. */
export function reportOf(text) {
  return text.replace(block, (_, file) => `<!-- rows ${file} -->\n\n${tableOf(file)}\n\n<!-- end of rows -->`);
}

if (process.argv[1] === import.meta.filename) {
  const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
  const text = readFileSync(page, 'utf8');
  const report = reportOf(text);
  if (values.check && report !== text) {
    console.error('[bench] docs/benchmarks/README.md differs from its recorded rows; fix: node bench/report.mjs');
    process.exit(1);
  }
  writeFileSync(page, report);
}
