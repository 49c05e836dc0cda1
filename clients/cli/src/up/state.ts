import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import type { Home } from '../home.js';

/** What a supervisor leaves in HONE_HOME/state.json for `status`, `down` and every command that talks to the mesh. */
export const meshState = z.object({
  pid: z.int(),
  url: z.string(),
  natsUrl: z.string(),
  apiKeyFile: z.string(),
  startedAt: z.string(),
  isReady: z.boolean(),
  services: z.record(
    z.string(),
    z.object({
      pid: z.int().nullable(),
      state: z.enum(['running', 'restarting', 'stopped', 'failed']),
      restarts: z.int(),
      port: z.int(),
    }),
  ),
});
export type MeshState = z.output<typeof meshState>;

export function readState(home: Home): MeshState | undefined {
  try {
    return meshState.parse(JSON.parse(readFileSync(home.stateFile, 'utf8')));
  } catch {
    return undefined;
  }
}

/** Written beside and renamed, so that a reader never sees half of it. */
export function writeState(home: Home, state: MeshState): void {
  const draft = `${home.stateFile}.${process.pid}`;
  try {
    writeFileSync(draft, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
    renameSync(draft, home.stateFile);
  } catch (thrown) {
    rmSync(draft, { force: true });
    throw thrown;
  }
}

export const removeState = (home: Home): void => rmSync(home.stateFile, { force: true });

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === 'EPERM';
  }
  // A zombie has ended: its parent has just not asked yet.
  return !/^State:\s+Z/m.test(procFile(pid, 'status'));
}

/** Whether a pid of an old state is still the process that it was: numbers are used again. */
export function isOurs(pid: number, home: Home): boolean {
  const environment = procFile(pid, 'environ');
  return isAlive(pid) && (environment === '' || environment.split('\0').includes(`HONE_HOME=${home.root}`));
}

function procFile(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return '';
  }
}
