// Goal: tools/gpu-suite.sh works before the day a GPU is at hand. Method: all of it but the build on the emulated card, with small
// shapes, against torch, transformers and peft on the processor; skipped where no Python has these.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

const root = join(import.meta.dirname, '../..');
const card = join(root, 'native/build/release/tests/cuda-emulator/libhone_cuda_emulated.so');
const hasPeers = (python: string) =>
  spawnSync(python, ['-c', 'import torch, transformers, peft'], { stdio: 'ignore' }).status === 0;
const python = [join(root, '.toolchain/peers/bin/python'), 'python3'].find(hasPeers);
const describeSuite = python !== undefined && existsSync(card) ? describe : describe.skip;
const sections = ['parity', 'gradients', 'train', 'serve', 'bench', 'replay'] as const;

describeSuite('tools/gpu-suite.sh on the emulated card', () => {
  let folder: string;
  let status: number | null;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'hone-suite-'));
    const env = { ...process.env, HONE_PYTHON: python, HONE_SUITE_STATE: folder, HONE_JOBS: '2' };
    ({ status } = spawnSync('sh', [join(root, 'tools/gpu-suite.sh'), '--dry', ...sections], { env }));
  }, 600_000);
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each(sections)('%s succeeds and complains of nothing', (name) => {
    const log = readFileSync(join(folder, `${name}.log`), 'utf8');
    expect(log.split('\n').filter((line) => /^(BAD|FAILED)/.test(line))).toEqual([]);
    expect(readFileSync(join(folder, `${name}.result`), 'utf8')).toMatch(/^ok /);
  });

  it('writes one table, and rows with the fields of the other benchmarks', () => {
    expect(status).toBe(0);
    const [table, rows] = ['.md', '.jsonl'].map((end) => {
      const file = readdirSync(folder).find((name) => name.includes('emulated') && name.endsWith(end)) as string;
      return readFileSync(join(folder, file), 'utf8');
    }) as [string, string];
    expect(table).toContain('the times mean nothing');
    const read = rows
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    for (const row of read) {
      for (const field of ['row', 'workload', 'ours', 'peer', 'ratio', 'of_ceiling', 'bar', 'pass', 'machine'])
        expect(row).toHaveProperty(field);
    }
    // A peer that fails is named in its place, which hides nothing but proves nothing.
    const failed = read
      .filter(({ peer, peer_name: name }) => peer === null && name !== '')
      .map((row) => row['peer_name']);
    expect(failed.filter((name) => !String(name).includes('no Triton'))).toEqual([]);
    const measured = new Set(read.map(({ row }) => row));
    for (const row of ['G1', 'G2', 'G3', 'G4', 'G5', 'G6', 'G7', 'G8', 'G9', 'G10', 'G11', 'G12'])
      expect(measured).toContain(row);
  });
});
