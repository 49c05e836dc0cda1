import { digestOfBytes, fault, type HoneError } from '@hone/base';
import { type Message, streamOf } from '@hone/contracts';
import type { JetStreamClient } from '@nats-io/jetstream';
import { headers } from '@nats-io/transport-node';
import { context } from '@opentelemetry/api';
import type { z } from 'zod';
import { encode } from './codec.js';
import type { Link } from './connection.js';
import { headerNames } from './header-names.js';
import { repeat } from './repeat.js';
import { inSpan, injectTrace } from './trace.js';

export interface PublishOptions {
  /**
   * The identity of the act, e.g. a job's id and attempt; within the stream's window a second message with the same identity
   * is dropped by the server. Absent: the digest of the content.
   */
  id?: string;
  /** Waits of the retries while the bus is away; the same identity makes them safe. */
  timeoutMs?: number;
}

export interface Published {
  sequence: number;
  isDuplicate: boolean;
}

const attemptMs = 5000;

/** Stores a command or an event in its stream; returns when the server has it on disk. */
export async function publish<M extends Message>(
  { link, jetstream, service }: { link: Link; jetstream: JetStreamClient; service: string },
  message: M,
  input: z.input<M['input']>,
  { id, timeoutMs = 30_000 }: PublishOptions = {},
): Promise<Published> {
  if (message.kind === 'rpc') {
    throw fault(
      'not_durable',
      `[${message.subject}] expected a command or an event but received an rpc; fix: use request`,
    );
  }
  const stream = streamOf(message.kind).name;
  const body = encode(message.subject, message.input, input);
  const msgID = messageId(message, id, body);
  return inSpan(
    { operation: 'send', message, messageId: msgID, bytes: body.byteLength },
    context.active(),
    async () => {
      const head = headers();
      head.set(headerNames.sender, service);
      injectTrace(head);
      const ack = await repeat(link, timeoutMs, isPermanent, () =>
        jetstream.publish(message.subject, body, {
          msgID,
          headers: head,
          timeout: attemptMs,
          expect: { streamName: stream },
        }),
      ).catch((cause: unknown) => {
        throw notStored(message, cause);
      });
      return { sequence: ack.seq, isDuplicate: ack.duplicate };
    },
  );
}

/** Ids share one window per stream, so the subject is part of them. */
export const messageId = (message: Message, id: string | undefined, body: Uint8Array): string =>
  `${message.subject.slice('hone.v1.'.length)}/${id ?? digestOfBytes(body)}`;

/** An answer of the server (a full stream, a denied subject) does not change by asking again at once; silence may. */
function isPermanent(cause: unknown): boolean {
  if (!(cause instanceof Error)) return true;
  const names = ['JetStreamApiError', 'PermissionViolationError', 'ClosedConnectionError', 'DrainingConnectionError'];
  return names.includes(cause.name) || (cause.cause instanceof Error && names.includes(cause.cause.name));
}

function notStored(message: Message, cause: unknown): HoneError {
  const text = cause instanceof Error ? cause.message : String(cause);
  const wanted = `[${message.subject}] expected the stream to store the message but received "${text}"`;
  return fault('bus_unavailable', `${wanted}; fix: look at the disk and the streams of nats-server (hone doctor)`, {
    cause,
    retryAfterSeconds: 5,
  });
}
