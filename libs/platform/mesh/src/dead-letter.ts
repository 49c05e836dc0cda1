import { asHoneError } from '@hone/base';
import { deadSubject, type ServiceName, streams } from '@hone/contracts';
import type { JetStreamClient, JsMsg } from '@nats-io/jetstream';
import { headers } from '@nats-io/transport-node';
import { headerText } from './error-reply.js';
import { headerNames } from './header-names.js';

/**
 * Keeps a message that could not be handled, with its reason, before it is acknowledged. Its identity is its place in the
 * stream it came from, so that a crash between the two leaves one dead letter, not two.
 */
export async function bury(
  jetstream: JetStreamClient,
  service: ServiceName,
  consumer: string,
  msg: JsMsg,
  reason: unknown,
): Promise<void> {
  const error = asHoneError(reason);
  const head = headers();
  for (const key of msg.headers?.keys() ?? []) {
    if (!key.startsWith('Nats-')) head.set(key, msg.headers?.get(key) ?? '');
  }
  head.set(headerNames.deadCode, error.code);
  head.set(headerNames.deadReason, headerText(error.message));
  head.set(headerNames.deadSubject, msg.subject);
  head.set(headerNames.deadSequence, String(msg.seq));
  head.set(headerNames.deadAttempts, String(msg.info.deliveryCount));
  await jetstream.publish(deadSubject(service, consumer), msg.data, {
    headers: head,
    msgID: `${consumer}/${msg.info.stream}/${msg.seq}`,
    expect: { streamName: streams.dead.name },
  });
}
