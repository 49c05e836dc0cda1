import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { httpErrorOf } from './api-error.js';

/**
 * Sends values as server-sent events in OpenAI's framing: `data: <json>` lines, then `data: [DONE]`. The first value is awaited
 * before the headers are written, so that a refusal still becomes an HTTP status; a later failure becomes an error event, after
 * which no [DONE] follows, so that a broken stream never looks like a complete one.
 */
export async function eventStream(reply: FastifyReply, values: AsyncGenerator<unknown>, requestId: string) {
  const first = await values.next();
  void reply.header('content-type', 'text/event-stream; charset=utf-8');
  void reply.header('cache-control', 'no-cache, no-transform');
  void reply.header('x-accel-buffering', 'no');
  return Readable.from(lines(first, values, requestId), { objectMode: false, highWaterMark: 16 * 1024 });
}

async function* lines(
  first: IteratorResult<unknown>,
  rest: AsyncGenerator<unknown>,
  requestId: string,
): AsyncGenerator<string, void, void> {
  try {
    if (!first.done) yield event(first.value);
    for await (const value of rest) yield event(value);
    yield 'data: [DONE]\n\n';
  } catch (thrown) {
    yield event(httpErrorOf(thrown, requestId).body);
  } finally {
    await rest.return(undefined);
  }
}

const event = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`;
