import { appendFileSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { SpanExporter } from '@opentelemetry/sdk-trace';
import { recordOf, type SpanRecord } from './span-record.js';

export interface LocalStoreOptions {
  directory: string;
  service: string;
  /** Bytes of one file; a fuller one becomes `<service>.1.jsonl` and so on. */
  fileBytesMax?: number;
  /** Full files kept per service; the oldest is overwritten. */
  filesMax?: number;
}

type ExportResult = Parameters<Parameters<SpanExporter['export']>[1]>[0];

/**
 * Spans as JSON lines in a folder, of bounded size, so that a trace can be shown on a machine without a collector. Each batch
 * is one append: several processes may write to the same file.
 */
export class LocalSpanExporter implements SpanExporter {
  readonly #options: Required<LocalStoreOptions>;

  constructor({ fileBytesMax = 8 * 1024 * 1024, filesMax = 3, ...options }: LocalStoreOptions) {
    this.#options = { fileBytesMax, filesMax, ...options };
    mkdirSync(options.directory, { recursive: true });
  }

  export(...[spans, done]: Parameters<SpanExporter['export']>): void {
    try {
      this.#rotate();
      const lines = spans.map((span) => JSON.stringify(recordOf(this.#options.service, span)) + '\n');
      appendFileSync(this.#path(0), lines.join(''));
      done({ code: 0 } as ExportResult);
    } catch (thrown) {
      done({ code: 1, error: thrown instanceof Error ? thrown : new Error(String(thrown)) } as ExportResult);
    }
  }

  async shutdown(): Promise<void> {}

  #rotate(): void {
    if ((statSync(this.#path(0), { throwIfNoEntry: false })?.size ?? 0) < this.#options.fileBytesMax) return;
    for (let number = this.#options.filesMax - 1; number >= 0; number--) {
      const exists = statSync(this.#path(number), { throwIfNoEntry: false }) !== undefined;
      if (exists) renameSync(this.#path(number), this.#path(number + 1));
    }
  }

  #path(number: number): string {
    return join(this.#options.directory, `${this.#options.service}${number === 0 ? '' : `.${number}`}.jsonl`);
  }
}

/** The spans of one trace from every service's files: each after its parent, siblings in order of their start. */
export async function readTrace(directory: string, traceId: string): Promise<SpanRecord[]> {
  const spans = new Map<string, SpanRecord>();
  for await (const span of spansIn(directory, traceId)) if (span.traceId === traceId) spans.set(span.spanId, span);
  const children = new Map<string, SpanRecord[]>();
  for (const span of [...spans.values()].sort((a, b) => a.startMs - b.startMs)) {
    // A parent that was rotated away or is still open makes its children the roots of what is known.
    const parent = span.parentId !== undefined && spans.has(span.parentId) ? span.parentId : '';
    children.set(parent, [...(children.get(parent) ?? []), span]);
  }
  const ordered: SpanRecord[] = [];
  const waiting = (children.get('') ?? []).reverse();
  for (let span = waiting.pop(); span !== undefined; span = waiting.pop()) {
    ordered.push(span);
    waiting.push(...(children.get(span.spanId) ?? []).reverse());
  }
  return ordered;
}

/** The newest spans without a parent: where traces begin. */
export async function recentTraces(directory: string, limit = 20): Promise<SpanRecord[]> {
  const roots: SpanRecord[] = [];
  for await (const span of spansIn(directory, '')) {
    if (span.parentId === undefined) roots.push(span);
    if (roots.length > 4 * limit) roots.sort((a, b) => b.startMs - a.startMs).length = limit;
  }
  return roots.sort((a, b) => b.startMs - a.startMs).slice(0, limit);
}

async function* spansIn(directory: string, text: string): AsyncGenerator<SpanRecord> {
  const names = await readdir(directory).catch(() => []);
  for (const name of names.filter((file) => file.endsWith('.jsonl'))) {
    for await (const line of createInterface({ input: createReadStream(join(directory, name)) })) {
      if (!line.includes(text)) continue;
      try {
        yield JSON.parse(line) as SpanRecord;
      } catch {
        // The last line of a process that was killed while it wrote.
      }
    }
  }
}
