import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';

/** A finished span as one line of the local store. Times are milliseconds since 1970. */
export interface SpanRecord {
  traceId: string;
  spanId: string;
  parentId?: string;
  service: string;
  name: string;
  kind: string;
  startMs: number;
  durationMs: number;
  status: 'ok' | 'error';
  error?: string;
  attributes: Record<string, unknown>;
  events?: { name: string; atMs: number }[];
  links?: { traceId: string; spanId: string }[];
}

const millis = ([seconds, nanos]: [number, number]): number => seconds * 1000 + nanos / 1e6;

export function recordOf(service: string, span: ReadableSpan): SpanRecord {
  const { traceId, spanId } = span.spanContext();
  const parentId = span.parentSpanContext?.spanId;
  const isError = span.status.code === SpanStatusCode.ERROR;
  return {
    traceId,
    spanId,
    ...(parentId === undefined ? {} : { parentId }),
    service,
    name: span.name,
    kind: SpanKind[span.kind].toLowerCase(),
    startMs: millis(span.startTime),
    durationMs: millis(span.duration),
    status: isError ? 'error' : 'ok',
    ...(isError && span.status.message ? { error: span.status.message } : {}),
    attributes: { ...span.attributes },
    ...(span.events.length === 0
      ? {}
      : { events: span.events.map(({ name, time }) => ({ name, atMs: millis(time) })) }),
    ...(span.links.length === 0
      ? {}
      : { links: span.links.map(({ context }) => ({ traceId: context.traceId, spanId: context.spanId })) }),
  };
}
