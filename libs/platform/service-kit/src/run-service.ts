import { asHoneError, HoneError } from '@hone/base';
import type { z } from 'zod';
import { makeLog } from './log.js';
import { type ServiceOptions, startService } from './start-service.js';

/** How a service ends: done, a bug or a fault, wrong settings, or a bus that does not let it in. */
export const exitCodes = { ok: 0, failed: 1, usage: 2, unavailable: 5 } as const;

/**
 * The whole of a service's main file: `await runService({ name: 'trainer', module: TrainerModule, settings })`. Starts it, stops
 * it in order on SIGTERM and SIGINT, and ends the process with a code and a sentence when it cannot go on.
 */
export async function runService<S extends Record<string, z.ZodType>>(options: ServiceOptions<S>): Promise<void> {
  const log = options.log ?? makeLog(options.name, process.env['HONE_LOG_LEVEL'] ?? 'info');
  const leave = (thrown: unknown): never => {
    const error = asHoneError(thrown);
    log.fatal(
      { code: error.code, ...(error.kind === 'bug' && thrown instanceof Error ? { stack: thrown.stack } : {}) },
      error.message,
    );
    process.exit(exitCodeOf(error));
  };
  process.on('uncaughtException', leave);
  process.on('unhandledRejection', leave);
  try {
    let isStopping = false;
    let isStarted = false;
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      // Before the start is over there is no work to save.
      process.on(signal, () => (isStarted ? undefined : process.exit(exitCodes.ok)));
    }
    const service = await startService(options);
    isStarted = true;
    const stop = async (): Promise<void> => {
      if (isStopping) return;
      isStopping = true;
      await service.stop();
      process.exit(exitCodes.ok);
    };
    process.on('SIGTERM', () => void stop().catch(leave));
    process.on('SIGINT', () => void stop().catch(leave));
    void service.mesh.ended.then((error) => {
      if (error) leave(error);
    });
  } catch (thrown) {
    leave(thrown);
  }
}

export function exitCodeOf(error: HoneError): number {
  if (error.code === 'invalid_setting') return exitCodes.usage;
  return error.code === 'bus_unavailable' || error.code === 'bus_permission_denied'
    ? exitCodes.unavailable
    : exitCodes.failed;
}
