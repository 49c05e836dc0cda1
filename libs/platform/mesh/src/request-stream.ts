import { fault, type HoneError } from '@hone/base';
import type { Message, ReplyOf } from '@hone/contracts';
import { createInbox, headers, type Msg } from '@nats-io/transport-node';
import { context, trace } from '@opentelemetry/api';
import type { z } from 'zod';
import { decode, encode } from './codec.js';
import type { Link } from './connection.js';
import { inboxPrefix } from './connection.js';
import { errorOf } from './error-reply.js';
import { FrameQueue } from './frame-queue.js';
import { headerNames } from './header-names.js';
import { aborted, replySchema, requestFault } from './request.js';
import { failSpan, injectTrace, startSpan } from './trace.js';
import { aliveEveryMs, controlSubject, silenceMsMax } from './stream-control.js';

export interface StreamOptions {
  /** The longest silence between frames; the responder shows life every two seconds. */
  silenceMs?: number;
  signal?: AbortSignal;
}

/**
 * Asks the owner of a streamed rpc and yields its frames in order. Leaving the loop early, aborting the signal or dying tells
 * the responder to stop. A gap in the sequence, silence or an error frame ends the loop with a HoneError: a stream that was cut
 * never looks like one that ended.
 */
export async function* requestStream<M extends Message>(
  { link, service }: { link: Link; service: string },
  message: M,
  input: z.input<M['input']>,
  { silenceMs = silenceMsMax, signal }: StreamOptions = {},
): AsyncGenerator<ReplyOf<M>, void, void> {
  const schema = replySchema(message);
  const body = encode(message.subject, message.input, input);
  await link.whenConnected(silenceMs);
  const parent = context.active();
  const span = startSpan({ operation: 'request', message, bytes: body.byteLength }, parent);
  const inbox = createInbox(inboxPrefix(service));
  const streamId = inbox.slice(inbox.lastIndexOf('.') + 1);
  const frames = new FrameQueue<Msg>();
  const subscription = link.nats.subscribe(inbox, {
    callback: (error, msg) => (error ? frames.fail(requestFault(message, error, 0)) : frames.push(msg)),
  });
  const tell = (word: 'cancel' | 'alive'): void => {
    const head = headers();
    head.set(headerNames.streamId, streamId);
    if (!link.nats.isClosed()) link.nats.publish(controlSubject(message), word, { headers: head });
  };
  const alive = setInterval(() => tell('alive'), aliveEveryMs);
  const stop = (): void => frames.fail(aborted(message));
  if (signal?.aborted) stop();
  signal?.addEventListener('abort', stop, { once: true });
  let isOver = false;
  try {
    const head = headers();
    head.set(headerNames.streamId, streamId);
    head.set(headerNames.sender, service);
    context.with(trace.setSpan(parent, span), () => injectTrace(head));
    link.nats.publish(message.subject, body, { reply: inbox, headers: head });
    for (let expected = 0; ;) {
      const msg = await frames.next(silenceMs, () => silent(message, silenceMs));
      if (isNoResponder(msg)) throw nobody(message);
      const kind = msg.headers?.get(headerNames.frame);
      if (kind === 'alive') continue;
      const sequence = Number(msg.headers?.get(headerNames.frameSequence) || Number.NaN);
      if (kind !== 'error' && sequence !== expected) throw gap(message, expected, sequence);
      isOver = kind !== 'data';
      const error = errorOf(msg);
      if (error) throw error;
      if (kind === 'end') return;
      yield decode(message.subject, schema, msg.data, 'bug') as ReplyOf<M>;
      expected++;
    }
  } catch (thrown) {
    failSpan(span, thrown);
    throw thrown;
  } finally {
    clearInterval(alive);
    signal?.removeEventListener('abort', stop);
    subscription.unsubscribe();
    if (!isOver) tell('cancel');
    span.end();
  }
}

const isNoResponder = (msg: Msg): boolean => msg.data.byteLength === 0 && msg.headers?.code === 503;

const nobody = ({ subject, owner }: Message): HoneError =>
  fault(
    'service_unavailable',
    `[${subject}] expected a running ${owner} for the stream but received "no responders"; fix: start ${owner} or look at its log`,
    { retryAfterSeconds: 2 },
  );

const silent = ({ subject, owner }: Message, silenceMs: number): HoneError =>
  fault(
    'stream_silent',
    `[${subject}] expected a sign of life from ${owner} within ${silenceMs} ms but received none; fix: ask again, or look at the log of ${owner}`,
    { status: 504, retryAfterSeconds: 2 },
  );

const gap = ({ subject }: Message, expected: number, received: number): HoneError =>
  fault(
    'stream_broken',
    `[${subject}] expected frame ${expected} but received ${Number.isNaN(received) ? 'a frame without a number' : `frame ${received}`}: part of the stream was lost; fix: ask again`,
    { status: 502 },
  );
