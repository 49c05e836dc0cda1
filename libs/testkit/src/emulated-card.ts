import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openCard } from '@hone/tensor';
import { repositoryRoot } from './repository-root.js';

/** The card of the tests: the CUDA kernels compiled for the processor (native/tests/cuda-emulator). Part of the native build. */
const library = join(repositoryRoot, 'native/build/release/tests/cuda-emulator/libhone_cuda_emulated.so');

/** Settings under which a process computes on the emulated card. Undefined where it is not built. */
export function emulatedCardEnvironment(): Record<string, string> | undefined {
  return existsSync(library) ? { HONE_DEVICE: 'cuda', HONE_CUDA_LIBRARY: library } : undefined;
}

/** Opens the emulated card as the `cuda` device of this process. False where it is not built, and nothing has changed then. */
export function openEmulatedCard(): boolean {
  if (!existsSync(library)) return false;
  openCard(library);
  return true;
}
