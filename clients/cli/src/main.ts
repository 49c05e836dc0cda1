import { CommanderError } from 'commander';
import { APIConnectionError, APIError } from 'openai';
import { exitCodeOf } from './api/connection.js';
import { CliError, exitCodes } from './exit-codes.js';
import { Home } from './home.js';
import { makeProgram } from './program.js';
import { red, say } from './show/talk.js';
import { commandTrace } from './trace/command-trace.js';
import { fullDiskText } from './up/free-space.js';

/** Runs one command and ends with its code; what went wrong is said on stderr. */
async function main(): Promise<void> {
  try {
    await makeProgram().parseAsync(process.argv);
    endTrace('ok');
  } catch (thrown) {
    process.exitCode = failed(thrown);
    endTrace('error');
  }
}

/** A trace that cannot be kept, as on a full disk, changes nothing about how the command ended. */
function endTrace(status: 'ok' | 'error'): void {
  try {
    commandTrace.end(status);
  } catch (thrown) {
    if (process.env['HONE_DEBUG']) say(String(thrown));
  }
}

function failed(thrown: unknown): number {
  // Commander has said it already; help and version are no failures.
  if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  say(red(message));
  const code = codeOf(thrown);
  const disk = code === exitCodes.unavailable ? fullDiskText(new Home()) : undefined;
  if (disk !== undefined) say(red(disk));
  return code;
}

function codeOf(thrown: unknown): number {
  if (thrown instanceof CliError) return thrown.exitCode;
  if (thrown instanceof APIConnectionError) return exitCodes.unavailable;
  if (thrown instanceof APIError && typeof thrown.status === 'number') return exitCodeOf(thrown.status);
  if (thrown instanceof TypeError && thrown.message === 'fetch failed') return exitCodes.unavailable;
  if (!(thrown instanceof APIError) && thrown instanceof Error && process.env['HONE_DEBUG']) say(thrown.stack ?? '');
  return exitCodes.failed;
}

// A reader such as `head` that has seen enough closes the pipe: that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

// A supervisor whose log lies on a full disk lives on; what it had to say there is lost.
process.stderr.on('error', () => undefined);

await main();
