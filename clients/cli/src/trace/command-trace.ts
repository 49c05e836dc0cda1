import { existsSync } from 'node:fs';
import { Home } from '../home.js';
import { writeSpan } from './spans.js';
import { newTraceparent, spanIdOf, traceIdOf } from './traceparent.js';

/** A command's requests are one trace, whose root is the command; HONE_TRACEPARENT puts it under a caller's trace. */
export class CommandTrace {
  #name = 'hone';
  #traceparent: string | undefined;
  readonly #startMs = Date.now();

  named(name: string): void {
    this.#name = name;
  }

  /** The trace context for requests; a command that asks nobody makes no trace. */
  get traceparent(): string {
    return (this.#traceparent ??= process.env['HONE_TRACEPARENT'] ?? newTraceparent());
  }

  /** Writes the root into the local span store, unless a caller has the root. */
  end(status: 'ok' | 'error'): void {
    const { traces } = new Home();
    if (this.#traceparent === undefined || process.env['HONE_TRACEPARENT'] !== undefined || !existsSync(traces)) return;
    const durationMs = Date.now() - this.#startMs;
    const ids = { traceId: traceIdOf(this.#traceparent), spanId: spanIdOf(this.#traceparent) };
    writeSpan(traces, { ...ids, service: 'cli', name: this.#name, startMs: this.#startMs, durationMs, status });
  }
}

export const commandTrace = new CommandTrace();
