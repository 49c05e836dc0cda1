import { bug, fault, type HoneError, refusal } from '@hone/base';
import type { Message } from '@hone/contracts';
import { headers, type Msg, type Subscription } from '@nats-io/transport-node';
import { decode } from './codec.js';
import type { Handler } from './context.js';
import { errorReply } from './error-reply.js';
import { headerNames } from './header-names.js';
import { replySchema } from './request.js';
import { encodeReply, type Responder, rpcContext } from './respond.js';
import { aliveEveryMs, controlSubject, silenceMsMax } from './stream-control.js';
import { extractTrace, inSpan } from './trace.js';

interface RunningStream {
  abort: AbortController;
  heardAt: number;
}

/** Answers a streamed rpc: the handler returns an AsyncIterable whose values become numbered frames. */
export function respondStream(responder: Responder, message: Message, handler: Handler): Subscription[] {
  const schema = replySchema(message);
  const running = new Map<string, RunningStream>();
  const control = responder.link.nats.subscribe(controlSubject(message), {
    callback: (error, msg) => {
      const stream = running.get(msg?.headers?.get(headerNames.streamId) ?? '');
      if (error || !stream) return;
      if (msg.string() === 'cancel') stream.abort.abort(new Error('the caller left'));
      else stream.heardAt = performance.now();
    },
  });
  const questions = responder.link.nats.subscribe(message.subject, {
    queue: responder.service,
    callback: (error, msg) => {
      if (error === null) void responder.inFlight.track((closing) => answer(msg, closing));
    },
  });
  return [questions, control];

  async function answer(msg: Msg, closing: AbortSignal): Promise<void> {
    const streamId = msg.headers?.get(headerNames.streamId) ?? '';
    const stream: RunningStream = { abort: new AbortController(), heardAt: performance.now() };
    running.set(streamId, stream);
    const signal = AbortSignal.any([stream.abort.signal, closing]);
    const send = (kind: string, sequence: number, body?: Uint8Array, head = headers()): void => {
      head.set(headerNames.frame, kind);
      head.set(headerNames.frameSequence, String(sequence));
      if (!responder.link.nats.isClosed()) msg.respond(body, { headers: head });
    };
    let sequence = 0;
    const alive = setInterval(() => {
      if (performance.now() - stream.heardAt > silenceMsMax) stream.abort.abort(new Error('the caller is silent'));
      else send('alive', sequence);
    }, aliveEveryMs);
    const facts = { operation: 'respond', message, consumer: responder.service, bytes: msg.data.byteLength } as const;
    try {
      await inSpan(facts, extractTrace(msg.headers), async (span) => {
        const input = decode(message.subject, message.input, msg.data);
        const frames = await handler(input, rpcContext(message, msg, signal));
        for await (const frame of iterable(message, frames)) {
          if (signal.aborted) break;
          send('data', sequence, encodeReply(message, schema, frame));
          sequence++;
        }
        span.setAttribute('hone.stream.frames', sequence);
        if (signal.aborted) throw stopped(message, closing);
        send('end', sequence);
      });
    } catch (thrown) {
      const { body, head } = errorReply(thrown);
      send('error', sequence, body, head);
    } finally {
      clearInterval(alive);
      running.delete(streamId);
    }
  }
}

function iterable(message: Message, frames: unknown): AsyncIterable<unknown> {
  if (frames !== null && typeof frames === 'object' && Symbol.asyncIterator in frames)
    return frames as AsyncIterable<unknown>;
  throw bug(
    'not_a_stream',
    `[${message.subject}] expected an AsyncIterable from the handler but received a ${typeof frames}; fix: write the handler as async *`,
  );
}

const stopped = ({ subject, owner }: Message, closing: AbortSignal): HoneError =>
  closing.aborted
    ? fault('service_stopping', `[${subject}] ${owner} is going down; fix: ask again`, { retryAfterSeconds: 1 })
    : refusal('stream_stopped', `[${subject}] the caller left`, { status: 499 });
