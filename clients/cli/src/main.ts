import { CommanderError } from 'commander';
import { APIConnectionError, APIError } from 'openai';
import { exitCodeOf } from './api/connection.js';
import { CliError, exitCodes } from './exit-codes.js';
import { makeProgram } from './program.js';
import { red, say } from './show/talk.js';
import { commandTrace } from './trace/command-trace.js';

/** Runs one command and ends with its code; what went wrong is said on stderr. */
async function main(): Promise<void> {
  try {
    await makeProgram().parseAsync(process.argv);
    commandTrace.end('ok');
  } catch (thrown) {
    process.exitCode = failed(thrown);
    commandTrace.end('error');
  }
}

function failed(thrown: unknown): number {
  // Commander has said it already; help and version are no failures.
  if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  say(red(message));
  if (thrown instanceof CliError) return thrown.exitCode;
  if (thrown instanceof APIConnectionError) return exitCodes.unavailable;
  if (thrown instanceof APIError && typeof thrown.status === 'number') return exitCodeOf(thrown.status);
  if (thrown instanceof TypeError && thrown.message === 'fetch failed') return exitCodes.unavailable;
  if (!(thrown instanceof APIError) && thrown instanceof Error && process.env['HONE_DEBUG']) say(thrown.stack ?? '');
  return exitCodes.failed;
}

// A reader such as `head` that has seen enough closes the pipe: that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

await main();
