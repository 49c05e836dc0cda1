import { trace } from '@opentelemetry/api';
import type { LoggerService } from '@nestjs/common';
import { type DestinationStream, type Logger, pino } from 'pino';

export type Log = Logger;

/** One JSON object per line on standard output, with the trace it belongs to; secrets are cut out by name. */
export function makeLog(service: string, level: string, destination: DestinationStream = logDestination()): Log {
  const options = {
    level,
    base: { service },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: secretPaths, censor: '***' },
    mixin: () => {
      const traceId = trace.getActiveSpan()?.spanContext().traceId;
      return traceId === undefined ? {} : { traceId };
    },
  };
  return pino(options, destination);
}

/** What waits in memory for a disk that is full; lines beyond it are dropped. */
const waitingBytesMax = 1024 * 1024;

/**
 * A file descriptor as the place of log lines. A service must outlive a full disk, so lines that find no room wait for the next
 * one that does; any other failure of the descriptor ends the process as before.
 */
export function logDestination(fd = 1): DestinationStream {
  const stream = pino.destination({ fd, sync: true, maxLength: waitingBytesMax });
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOSPC') throw error;
  });
  return stream;
}

const secretNames = ['authorization', 'apiKey', 'nkeySeed', 'seed', 'secret', 'token', 'password', 's3SecretAccessKey'];
const secretPaths = secretNames.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);

/** Nest's own lines in the same form; its chatter about modules and routes is debug. */
export function nestLog(log: Log): LoggerService {
  const text = (message: unknown): string =>
    message instanceof Error ? message.message : typeof message === 'string' ? message : JSON.stringify(message);
  const fields = (rest: unknown[]): object => ({ nest: rest.at(-1) });
  return {
    log: (message: unknown, ...rest: unknown[]) => log.debug(fields(rest), text(message)),
    debug: (message: unknown, ...rest: unknown[]) => log.debug(fields(rest), text(message)),
    verbose: (message: unknown, ...rest: unknown[]) => log.debug(fields(rest), text(message)),
    warn: (message: unknown, ...rest: unknown[]) => log.warn(fields(rest), text(message)),
    error: (message: unknown, ...rest: unknown[]) =>
      log.error({ ...fields(rest), ...(message instanceof Error ? { stack: message.stack } : {}) }, text(message)),
  };
}
