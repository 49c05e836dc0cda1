// libhone_cuda.so as `npm run build:cuda` left it; skipped where it was not built.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
// @ts-expect-error plain JavaScript, because the build itself reads it
import { architecturesOf as read } from '../../native/cuda-architectures.mjs';
// @ts-expect-error plain JavaScript, as above
import { kernelsOf as readKernels } from '../../native/cuda-kernels.mjs';

/** Of one architecture. threadsMax is the bound that the kernel was compiled for. */
interface Kernel {
  architecture: string;
  name: string;
  registers: number;
  threadsMax: number;
  sharedBytes: number;
  stackBytes: number;
}

const architecturesOf = read as (library: Buffer) => { code: string[]; ptx: string[] };
const kernelsOf = readKernels as (library: Buffer) => Kernel[];
const library = join(import.meta.dirname, '../../native/build/cuda/libhone_cuda.so');
const whereBuilt = existsSync(library) ? describe : describe.skip;

whereBuilt('libhone_cuda.so', () => {
  it('has machine code of every kernel for Ampere, Ada, Hopper and Blackwell, and PTX for what comes', () => {
    expect(architecturesOf(readFileSync(library))).toEqual({
      code: ['sm_80', 'sm_86', 'sm_89', 'sm_90', 'sm_100'],
      ptx: ['compute_100'],
    });
  });

  it('exports hone_cuda_open_card and nothing else', () => {
    const symbols = execFileSync('nm', ['-D', '--defined-only', library], { encoding: 'utf8' });
    const names = symbols
      .trim()
      .split('\n')
      .map((line) => line.split(' ').at(-1));
    expect(names).toEqual(['hone_cuda_open_card']);
  });

  it('needs neither the driver nor cuBLASLt to be opened', () => {
    const needed = execFileSync('readelf', ['-d', library], { encoding: 'utf8' });
    expect(needed).toContain('(NEEDED)');
    expect(needed).not.toMatch(/libcuda\.so|libcudart|libcublas|libnccl/);
  });

  describe('kernels', () => {
    const kernels = existsSync(library) ? kernelsOf(readFileSync(library)) : [];
    /** A block of sm_90 and later has 1 KiB of shared memory that CUDA keeps for itself, and it is counted in. */
    const declaredBytes = ({ architecture, sharedBytes }: Kernel) =>
      Number(architecture.slice(3)) >= 90 ? Math.max(0, sharedBytes - 1024) : sharedBytes;
    const those = (isWrong: (kernel: Kernel) => boolean) =>
      kernels.filter(isWrong).map((kernel) => JSON.stringify(kernel));

    it('are bounded to a number of threads, and a block of so many has registers enough', () => {
      expect(kernels.length).toBeGreaterThan(500);
      const registersOfBlock = 65536;
      // A warp gets its registers in units of 256.
      const taken = ({ registers, threadsMax }: Kernel) =>
        Math.ceil(threadsMax / 32) * Math.ceil((registers * 32) / 256) * 256;
      expect(those((kernel) => kernel.threadsMax < 32 || kernel.threadsMax > 1024)).toEqual([]);
      expect(those((kernel) => taken(kernel) > registersOfBlock)).toEqual([]);
    });

    it('keep what they compute in registers, but for four values at most', () => {
      expect(those(({ stackBytes }) => stackBytes > 16)).toEqual([]);
    });

    it('declare no more shared memory than a launch leaves them unasked', () => {
      expect(those((kernel) => declaredBytes(kernel) > 48 * 1024)).toEqual([]);
      // launch.h asks for dynamic memory from 32 KiB on; these two have none.
      const isWithoutDynamic = (name: string) => /product_kernel|add_sparse_kernel/.test(name);
      expect(those((kernel) => declaredBytes(kernel) > 16 * 1024 && !isWithoutDynamic(kernel.name))).toEqual([]);
    });

    it('of warpgroups cannot be started from code that has none', () => {
      const boundsOf = (name: string) => {
        const bounds = kernels
          .filter((kernel) => kernel.name.includes(name))
          .map(({ architecture, threadsMax }) => `${architecture} ${String(threadsMax)}`);
        return [...new Set(bounds)].sort();
      };
      const elsewhere = ['sm_100 128', 'sm_80 128', 'sm_86 128', 'sm_89 128'];
      expect(boundsOf('attention_forward_groups_kernel')).toEqual([...elsewhere, 'sm_90 384']);
      expect(boundsOf('attention_backward_keys_groups_kernel')).toEqual([...elsewhere, 'sm_90 384']);
      expect(boundsOf('attention_backward_queries_groups_kernel')).toEqual([...elsewhere, 'sm_90 384']);
    });
  });
});
