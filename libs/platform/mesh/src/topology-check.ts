import { HoneError } from '@hone/base';
import { consumerName, type Message, type ServiceName, streamOf } from '@hone/contracts';
import type { Consumer, JetStreamClient } from '@nats-io/jetstream';
import type { Link } from './connection.js';
import type { MeshLog } from './log.js';
import { pause } from './pause.js';
import { repeat } from './repeat.js';
import { consumerConfig, refuseDifference } from './topology.js';

const waitMs = [200, 500, 1000, 2000, 5000];

/** A service makes no streams or consumers: it waits until they exist, says what it waits for, and checks their flags. */
export async function awaitConsumer(
  { link, jetstream }: { link: Link; jetstream: JetStreamClient },
  service: ServiceName,
  message: Message,
  log: MeshLog,
  signal: AbortSignal,
): Promise<Consumer> {
  if (message.kind === 'rpc') throw new TypeError('an rpc has no durable consumer');
  const stream = streamOf(message.kind).name;
  const name = consumerName(service, message);
  for (let tries = 0; ; tries++) {
    try {
      const consumer = await repeat(
        link,
        20_000,
        () => true,
        () => jetstream.consumers.get(stream, name),
      );
      const { config } = await consumer.info(true);
      refuseDifference(`consumer ${name}`, { ...consumerConfig(service, message) }, { ...config });
      return consumer;
    } catch (thrown) {
      const reason = thrown instanceof Error ? thrown.message : String(thrown);
      if (signal.aborted || (thrown instanceof HoneError && tries >= waitMs.length)) throw thrown;
      log.info({ stream, consumer: name, reason }, `waiting for consumer ${name} on ${stream}; hone up creates it`);
      await pause(waitMs[Math.min(tries, waitMs.length - 1)] as number, signal);
    }
  }
}
