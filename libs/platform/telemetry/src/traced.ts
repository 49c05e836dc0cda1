import { type Attributes, context, propagation, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { asHoneError } from '@hone/base';

const tracer = () => trace.getTracer('hone');

/** Runs a piece of work in a span of its own. A refusal is noted; a fault or a bug makes the span an error. */
export async function traced<T>(
  name: string,
  attributes: Attributes,
  work: (span: Span) => Promise<T> | T,
): Promise<T> {
  return tracer().startActiveSpan(name, { attributes }, async (span) => {
    try {
      return await work(span);
    } catch (thrown) {
      failSpan(span, thrown);
      throw thrown;
    } finally {
      span.end();
    }
  });
}

export function failSpan(span: Span, thrown: unknown): void {
  const error = asHoneError(thrown);
  span.setAttribute('error.type', error.code);
  if (error.kind !== 'refusal') span.setStatus({ code: SpanStatusCode.ERROR, message: error.code });
}

/** The active trace as W3C trace context, to be kept with an entry whose consequences belong to the same trace. */
export function currentTraceparent(): string | undefined {
  const carrier: Record<string, string> = {};
  propagation.inject(context.active(), carrier);
  return carrier['traceparent'];
}

/** The id of the active trace, for people: error texts, replies and `hone trace show`. */
export const currentTraceId = (): string | undefined => trace.getActiveSpan()?.spanContext().traceId;

/** Continues a trace that was kept with `currentTraceparent`. */
export const inTrace = <T>(traceparent: string | undefined, work: () => T): T =>
  context.with(propagation.extract(context.active(), traceparent === undefined ? {} : { traceparent }), work);

/** Opens the span of an HTTP request; the caller ends it. Returns the context to answer in. */
export function startHttpSpan(method: string, route: string, headers: Record<string, unknown>) {
  const parent = propagation.extract(context.active(), headers);
  const attributes = { 'http.request.method': method, 'http.route': route };
  const span = tracer().startSpan(`${method} ${route}`, { kind: SpanKind.SERVER, attributes }, parent);
  return {
    span,
    context: trace.setSpan(parent, span),
    run: <T>(work: () => T): T => context.with(trace.setSpan(parent, span), work),
  };
}
