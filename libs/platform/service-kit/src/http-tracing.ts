import { startHttpSpan } from '@hone/telemetry';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';

/** Gives every HTTP request a server span named by its route, continues the caller's trace, and answers with its id. */
export function traceHttp(app: NestFastifyApplication): void {
  const fastify = app.getHttpAdapter().getInstance();
  const runs = new WeakMap<object, (work: () => void) => void>();
  fastify.addHook('onRequest', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'unknown';
    if (route.startsWith('/health') || route === '/metrics') return done();
    const { span, run } = startHttpSpan(request.method, route, request.headers);
    runs.set(request, run);
    reply.header('x-trace-id', span.spanContext().traceId);
    // The raw response ends once, whether it was sent, streamed past the framework, or cut by the client.
    reply.raw.once('close', () => {
      span.setAttribute('http.response.status_code', reply.raw.statusCode);
      if (reply.raw.statusCode >= 500) span.setStatus({ code: 2 });
      span.end();
    });
    done();
  });
  // The body is parsed in the socket's own context, so the request's context begins after that.
  fastify.addHook('preHandler', (request, _reply, done) => {
    const run = runs.get(request);
    if (run === undefined) done();
    else run(done);
  });
}
