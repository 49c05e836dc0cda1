import { asHoneError } from '@hone/base';
import type { MeshLog } from '@hone/mesh';
import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { httpErrorOf } from './api-error.js';

/** Answers every failure in OpenAI's shape; faults and bugs are logged with the request id that the client sees. */
@Catch()
export class ApiErrorFilter implements ExceptionFilter {
  readonly #log: MeshLog;

  constructor(log: MeshLog) {
    this.#log = log;
  }

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const { status, body, retryAfterSeconds } = httpErrorOf(thrown, request.id);
    if (status >= 500) {
      const { code, message, kind, stack } = asHoneError(thrown);
      this.#log.error({ requestId: request.id, code, kind, ...(kind === 'bug' ? { stack } : {}) }, message);
    }
    if (reply.sent || reply.raw.destroyed) return;
    if (retryAfterSeconds !== undefined) void reply.header('retry-after', String(Math.ceil(retryAfterSeconds)));
    void reply.removeHeader('content-length');
    void reply.status(status).type('application/json; charset=utf-8').send(body);
  }
}
