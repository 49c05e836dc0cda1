import { describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');
const folder = join(root, 'docs/benchmarks');
const page = readFileSync(join(folder, 'README.md'), 'utf8');
const files = readdirSync(folder).filter((file) => file.endsWith('.jsonl'));

describe('the page of benchmarks', () => {
  it('has only figures of recorded runs', () => {
    const { status, stderr } = spawnSync(process.execPath, [join(root, 'bench/report.mjs'), '--check'], {
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  it.each(files)('shows %s, whose rows are complete', (file) => {
    expect(page).toContain(`<!-- rows ${file} -->`);
    const rows = readFileSync(join(folder, file), 'utf8').trim().split('\n');
    for (const text of rows) {
      const row = JSON.parse(text) as Record<string, unknown>;
      for (const field of ['row', 'workload', 'ours', 'peer', 'ratio', 'of_ceiling', 'bar', 'pass', 'machine'])
        expect(row).toHaveProperty(field);
    }
  });
});
