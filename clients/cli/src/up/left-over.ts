import { setTimeout as pause } from 'node:timers/promises';
import type { Home } from '../home.js';
import { isOurs, type MeshState, removeState } from './state.js';

const patienceMs = 10_000;

/** The processes of a state that still run: children, or a supervisor, whose HONE_HOME is this one. */
export const leftOver = (home: Home, state: MeshState): number[] =>
  Object.values(state.services)
    .map(({ pid }) => pid)
    .filter((pid): pid is number => pid !== null && isOurs(pid, home));

/** Ends children whose supervisor was killed, so that a new mesh finds its ports and its store free. */
export async function endLeftOver(home: Home, state: MeshState): Promise<number> {
  const pids = leftOver(home, state);
  for (const pid of pids) signal(pid, 'SIGTERM');
  const deadline = performance.now() + patienceMs;
  while (performance.now() < deadline && pids.some((pid) => isOurs(pid, home))) await pause(50);
  for (const pid of pids) if (isOurs(pid, home)) signal(pid, 'SIGKILL');
  removeState(home);
  return pids.length;
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended in between.
  }
}
