// libhone_cuda.so as `npm run build:cuda` left it; skipped where it was not built.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
// @ts-expect-error plain JavaScript, because the build itself reads it
import { architecturesOf as read } from '../../native/cuda-architectures.mjs';

const architecturesOf = read as (library: Buffer) => { code: string[]; ptx: string[] };
const library = join(import.meta.dirname, '../../native/build/cuda/libhone_cuda.so');
const whereBuilt = existsSync(library) ? describe : describe.skip;

whereBuilt('libhone_cuda.so', () => {
  it('has machine code of every kernel for Ampere, Ada, Hopper and Blackwell, and PTX for what comes', () => {
    expect(architecturesOf(readFileSync(library))).toEqual({
      code: ['sm_80', 'sm_86', 'sm_89', 'sm_90', 'sm_100'],
      ptx: ['compute_100'],
    });
  });

  it('exports hone_card_open and nothing else', () => {
    const symbols = execFileSync('nm', ['-D', '--defined-only', library], { encoding: 'utf8' });
    const names = symbols
      .trim()
      .split('\n')
      .map((line) => line.split(' ').at(-1));
    expect(names).toEqual(['hone_card_open']);
  });

  it('needs neither the driver nor cuBLASLt to be opened', () => {
    const needed = execFileSync('readelf', ['-d', library], { encoding: 'utf8' });
    expect(needed).toContain('(NEEDED)');
    expect(needed).not.toMatch(/libcuda\.so|libcudart|libcublas|libnccl/);
  });
});
