import { availableMemory } from 'node:process';
import { openCard } from '@hone/tensor';
import type { ComputingDevice } from './estimate-memory.js';

/** What Node, the library's code and the reading of a dataset take beside the tensors, measured with small models. */
export const programBytes = 160 * 2 ** 20;

/**
 * The bytes that tensors may take: what the machine, or the cgroup that the process runs in, has free now, less what the program
 * itself needs.
 */
export const memoryLimit = (free: number = availableMemory()): number => Math.max(0, free - programBytes);

/** What a run may take of its device: on a card HONE_CUDA_MEMORY, by which two processes share one, else what was free of it. */
export const deviceLimit = (device: ComputingDevice): number =>
  device === 'cuda' ? openCard().budgetBytes : memoryLimit();

/** What gives a run more than `deviceLimit`; nothing where no setting bounds it. */
export const moreMemory = (device: ComputingDevice): string | undefined =>
  device === 'cuda' && process.env['HONE_CUDA_MEMORY'] ? 'more of the GPU (HONE_CUDA_MEMORY)' : undefined;
