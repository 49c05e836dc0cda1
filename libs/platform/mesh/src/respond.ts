import { bug, HoneError } from '@hone/base';
import type { Message } from '@hone/contracts';
import { headers, type Msg, type Subscription } from '@nats-io/transport-node';
import type { Link } from './connection.js';
import type { Handler, MeshContext } from './context.js';
import { decode, encode } from './codec.js';
import { errorReply } from './error-reply.js';
import { headerNames } from './header-names.js';
import type { InFlight } from './in-flight.js';
import { replySchema } from './request.js';
import { extractTrace, inSpan } from './trace.js';

export interface Responder {
  link: Link;
  service: string;
  inFlight: InFlight;
}

/** Answers an rpc: replicas share a queue group, so one of them gets each question. */
export function respond(responder: Responder, message: Message, handler: Handler): Subscription {
  const schema = replySchema(message);
  return responder.link.nats.subscribe(message.subject, {
    queue: responder.service,
    callback: (error, msg) => {
      if (error === null)
        void responder.inFlight.track((signal) => answer(responder, message, schema, handler, msg, signal));
    },
  });
}

async function answer(
  { link, service }: Responder,
  message: Message,
  schema: ReturnType<typeof replySchema>,
  handler: Handler,
  msg: Msg,
  closing: AbortSignal,
): Promise<void> {
  const facts = { operation: 'respond', message, consumer: service, bytes: msg.data.byteLength } as const;
  const deadline = AbortSignal.timeout(timeoutOf(msg, message));
  try {
    const reply = await inSpan(facts, extractTrace(msg.headers), async () => {
      const input = decode(message.subject, message.input, msg.data);
      const output = await handler(input, rpcContext(message, msg, AbortSignal.any([deadline, closing])));
      return encodeReply(message, schema, output);
    });
    msg.respond(reply, { headers: headers() });
  } catch (thrown) {
    const { body, head } = errorReply(thrown);
    if (!link.nats.isClosed()) msg.respond(body, { headers: head });
  }
}

/** A reply that its own schema refuses, or that is too large, is this side's bug, not the caller's fault. */
export function encodeReply(message: Message, schema: ReturnType<typeof replySchema>, output: unknown): Uint8Array {
  try {
    return encode(message.subject, schema, output, 'bug');
  } catch (thrown) {
    if (thrown instanceof HoneError && thrown.kind === 'refusal')
      throw bug(thrown.code, thrown.message, { cause: thrown });
    throw thrown;
  }
}

export const rpcContext = (message: Message, msg: Msg, signal: AbortSignal): MeshContext => ({
  message,
  sender: msg.headers?.get(headerNames.sender) || 'unknown',
  signal,
  attempt: 1,
  isLastAttempt: true,
  sequence: 0,
  storedAt: Date.now(),
});

function timeoutOf(msg: Msg, message: Message): number {
  const asked = Number(msg.headers?.get(headerNames.timeoutMs));
  return Number.isFinite(asked) && asked > 0 ? Math.min(asked, 24 * 3600 * 1000) : message.timeoutMs;
}
