import { context, type Context, propagation, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { asHoneError } from '@hone/base';
import type { Message } from '@hone/contracts';
import type { MsgHdrs } from '@nats-io/transport-node';

const tracer = () => trace.getTracer('hone.mesh');

/** Writes the active trace into a message's headers. */
export const injectTrace = (head: MsgHdrs): void =>
  propagation.inject(context.active(), head, { set: (carrier, key, value) => carrier.set(key, value) });

/** The trace that a message's headers name. */
export const extractTrace = (head: MsgHdrs | undefined): Context =>
  propagation.extract(context.active(), head, {
    keys: (carrier) => carrier?.keys() ?? [],
    get: (carrier, key) => carrier?.get(key) || undefined,
  });

export interface SpanFacts {
  operation: 'request' | 'respond' | 'send' | 'process';
  message: Message;
  messageId?: string | undefined;
  consumer?: string | undefined;
  bytes?: number | undefined;
}

const kinds = {
  request: SpanKind.CLIENT,
  respond: SpanKind.SERVER,
  send: SpanKind.PRODUCER,
  process: SpanKind.CONSUMER,
} as const;

/**
 * Runs an act on the bus inside its span, `<operation> <subject>`. Names follow the OpenTelemetry messaging conventions
 * (semantic-conventions 1.45). Refusals are normal answers: they are noted, and only faults and bugs make the span an error.
 */
export async function inSpan<T>(facts: SpanFacts, parent: Context, act: (span: Span) => Promise<T>): Promise<T> {
  const span = startSpan(facts, parent);
  try {
    return await context.with(trace.setSpan(parent, span), () => act(span));
  } catch (thrown) {
    failSpan(span, thrown);
    throw thrown;
  } finally {
    span.end();
  }
}

export function startSpan({ operation, message, messageId, consumer, bytes }: SpanFacts, parent: Context): Span {
  const attributes = {
    'messaging.system': 'nats',
    'messaging.destination.name': message.subject,
    'messaging.operation.name': operation,
    'messaging.operation.type': operation === 'respond' ? 'process' : operation === 'request' ? 'send' : operation,
    ...(messageId === undefined ? {} : { 'messaging.message.id': messageId }),
    ...(consumer === undefined ? {} : { 'messaging.consumer.group.name': consumer }),
    ...(bytes === undefined ? {} : { 'messaging.message.body.size': bytes }),
  };
  return tracer().startSpan(`${operation} ${message.subject}`, { kind: kinds[operation], attributes }, parent);
}

export function failSpan(span: Span, thrown: unknown): void {
  const error = asHoneError(thrown);
  span.setAttribute('error.type', error.code);
  if (error.kind !== 'refusal') span.setStatus({ code: SpanStatusCode.ERROR, message: error.code });
}
