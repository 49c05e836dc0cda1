import { appendFileSync, createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';

/** A finished span as the services write it into HONE_HOME/traces, one JSON line each. */
export const spanRecord = z.looseObject({
  traceId: z.string(),
  spanId: z.string(),
  parentId: z.string().optional(),
  service: z.string(),
  name: z.string(),
  startMs: z.number(),
  durationMs: z.number(),
  status: z.enum(['ok', 'error']),
});
export type Span = z.output<typeof spanRecord>;

/** The spans of one trace from the files of every service, in order of their start. */
export async function spansOf(folder: string, traceId: string): Promise<Span[]> {
  const spans: Span[] = [];
  for await (const span of spansIn(folder, traceId)) if (span.traceId === traceId) spans.push(span);
  return spans.sort((a, b) => a.startMs - b.startMs);
}

/** The newest spans without a parent: where traces begin. */
export async function recentRoots(folder: string, limit: number): Promise<Span[]> {
  const roots: Span[] = [];
  for await (const span of spansIn(folder, '')) if (span.parentId === undefined) roots.push(span);
  return roots.sort((a, b) => b.startMs - a.startMs).slice(0, limit);
}

/** Writes a span of the CLI itself, e.g. the whole of a demo as the root of its trace. */
export const writeSpan = (folder: string, span: Span): void =>
  appendFileSync(join(folder, `${span.service}.jsonl`), `${JSON.stringify(span)}\n`, { mode: 0o600 });

async function* spansIn(folder: string, text: string): AsyncGenerator<Span, void, void> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names.filter((file) => file.endsWith('.jsonl'))) {
    for await (const line of createInterface({ input: createReadStream(join(folder, name)) })) {
      if (!line.includes(text)) continue;
      const span = spanRecord.safeParse(parsedLine(line));
      if (span.success) yield span.data;
    }
  }
}

/** The last line of a process that was killed while it wrote may be half a line. */
function parsedLine(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    return undefined;
  }
}
