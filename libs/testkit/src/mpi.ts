import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from './repository-root.js';

const folder = join(repositoryRoot, '.toolchain/mpi');

/**
 * The settings by which processes find the MPI of `tools/mpi.sh`, or the one that HONE_MPIEXEC and HONE_MPI_LIBRARY name; undefined
 * where there is none.
 */
export function mpiEnvironment(): { HONE_MPIEXEC: string; HONE_MPI_LIBRARY: string } | undefined {
  const HONE_MPIEXEC = process.env['HONE_MPIEXEC'] ?? join(folder, 'bin/mpiexec');
  const HONE_MPI_LIBRARY = process.env['HONE_MPI_LIBRARY'] ?? join(folder, 'lib/libmpi_abi.so.1');
  return existsSync(HONE_MPIEXEC) && existsSync(HONE_MPI_LIBRARY) ? { HONE_MPIEXEC, HONE_MPI_LIBRARY } : undefined;
}
