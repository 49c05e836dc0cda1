import { setTimeout as pause } from 'node:timers/promises';
import type { Command } from 'commander';
import { CliError, exitCodes } from '../exit-codes.js';
import { Home } from '../home.js';
import { show } from '../show/talk.js';
import { endLeftOver } from '../up/left-over.js';
import { isAlive, isOurs, readState } from '../up/state.js';
import { type CommonOptions, withJson } from './command.js';

const patienceMs = 60_000;

export function addDown(program: Command): void {
  withJson(program.command('down'))
    .description('stop the mesh of this HONE_HOME in order; running work ends or is handed back')
    .action(async ({ json }: CommonOptions) => {
      const isStopped = await down(new Home());
      show(json === true, { stopped: isStopped }, () => (isStopped ? 'Hone is down' : 'Hone was not running'));
    });
}

/** Whether there was something to stop. */
export async function down(home: Home): Promise<boolean> {
  const state = readState(home);
  if (state === undefined) return false;
  if (isAlive(state.pid) && isOurs(state.pid, home)) {
    process.kill(state.pid, 'SIGTERM');
    const deadline = performance.now() + patienceMs;
    while (isAlive(state.pid)) {
      if (performance.now() > deadline)
        throw new CliError(
          `[down] the supervisor ${state.pid} does not end; fix: kill -9 ${state.pid}, then hone down`,
          exitCodes.failed,
        );
      await pause(100);
    }
  }
  await endLeftOver(home, state);
  return true;
}
