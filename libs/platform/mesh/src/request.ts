import { fault, type HoneError } from '@hone/base';
import type { Message, ReplyOf } from '@hone/contracts';
import { headers, type Msg, RequestError, TimeoutError } from '@nats-io/transport-node';
import { context } from '@opentelemetry/api';
import type { z } from 'zod';
import { decode, encode } from './codec.js';
import { errorOf } from './error-reply.js';
import { headerNames } from './header-names.js';
import { pause } from './pause.js';
import type { Link } from './connection.js';
import { inSpan, injectTrace } from './trace.js';

export interface RequestOptions {
  /** At most this long; the book's limit when absent. */
  timeoutMs?: number;
  signal?: AbortSignal;
}

/** How long a request looks for a first replica, as during a start or a rolling restart: nobody has received it yet. */
const responderWaitMs = 3000;
const responderRetryMs = 100;

/** Asks the owner of an rpc message and waits for its answer. */
export async function request<M extends Message>(
  { link, service }: { link: Link; service: string },
  message: M,
  input: z.input<M['input']>,
  { timeoutMs = message.timeoutMs, signal }: RequestOptions = {},
): Promise<ReplyOf<M>> {
  const body = encode(message.subject, message.input, input);
  return inSpan({ operation: 'request', message, bytes: body.byteLength }, context.active(), async () => {
    const reply = await untilAborted(message, signal, ask(link, service, message, body, timeoutMs));
    const error = errorOf(reply);
    if (error) throw error;
    return decode(message.subject, replySchema(message), reply.data, 'bug') as ReplyOf<M>;
  });
}

async function ask(link: Link, service: string, message: Message, body: Uint8Array, timeoutMs: number): Promise<Msg> {
  const started = performance.now();
  for (;;) {
    await link.whenConnected(timeoutMs - (performance.now() - started));
    const left = Math.max(1, Math.ceil(timeoutMs - (performance.now() - started)));
    const head = headers();
    head.set(headerNames.timeoutMs, String(left));
    head.set(headerNames.sender, service);
    injectTrace(head);
    try {
      return await link.nats.request(message.subject, body, { timeout: left, headers: head });
    } catch (thrown) {
      const spent = performance.now() - started;
      const isNobody = thrown instanceof RequestError && thrown.isNoResponders();
      if (!isNobody || spent + responderRetryMs > Math.min(timeoutMs, responderWaitMs))
        throw requestFault(message, thrown, spent);
      await pause(responderRetryMs);
    }
  }
}

export function requestFault(message: Message, thrown: unknown, spentMs: number): HoneError {
  const { subject, owner } = message;
  const after = `after ${Math.round(spentMs)} ms`;
  if (thrown instanceof RequestError && thrown.isNoResponders()) {
    const text = `[${subject}] expected a running ${owner} for the request but received "no responders" ${after}`;
    return fault('service_unavailable', `${text}; fix: start ${owner} or look at its log`, {
      cause: thrown,
      retryAfterSeconds: 2,
    });
  }
  if (thrown instanceof TimeoutError || (thrown instanceof Error && thrown.cause instanceof TimeoutError)) {
    const text = `[${subject}] expected an answer of ${owner} in time but received none ${after}`;
    return fault('service_timeout', `${text}; fix: ask again, or look at the load of ${owner}`, {
      status: 504,
      cause: thrown,
      retryAfterSeconds: 2,
    });
  }
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return fault(
    'bus_unavailable',
    `[${subject}] expected the bus to carry the request but received "${text}"; fix: look at nats-server`,
    { cause: thrown, retryAfterSeconds: 2 },
  );
}

export function replySchema(message: Message): z.ZodType {
  if (message.kind === 'rpc' && message.reply !== undefined) return message.reply;
  throw fault(
    'not_a_request',
    `[${message.subject}] expected an rpc message for a request but received a ${message.kind}; fix: send or emit it`,
  );
}

export const aborted = (message: Message): HoneError =>
  fault('request_aborted', `[${message.subject}] the caller gave the request up`, { status: 499 });

function untilAborted<T>(message: Message, signal: AbortSignal | undefined, work: Promise<T>): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(aborted(message));
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}
