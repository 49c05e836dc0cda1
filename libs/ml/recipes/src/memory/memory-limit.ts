import { availableMemory } from 'node:process';

/** What Node, the library's code and the reading of a dataset take beside the tensors, measured with small models. */
export const programBytes = 160 * 2 ** 20;

/**
 * The bytes that tensors may take: what the machine, or the cgroup that the process runs in, has free now, less what the program
 * itself needs.
 */
export const memoryLimit = (free: number = availableMemory()): number => Math.max(0, free - programBytes);
