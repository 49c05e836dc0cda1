import { asHoneError, fault, type HoneError } from '@hone/base';
import { consumerName, type Message, type ServiceName } from '@hone/contracts';
import type { Consumer, ConsumerMessages, JetStreamClient, JsMsg } from '@nats-io/jetstream';
import { bury } from './dead-letter.js';
import { isNoRoom } from './no-room.js';
import { decode } from './codec.js';
import type { Link } from './connection.js';
import type { Handler, MeshContext } from './context.js';
import { headerNames } from './header-names.js';
import type { InFlight } from './in-flight.js';
import type { MeshLog } from './log.js';
import { pause } from './pause.js';
import { repeat } from './repeat.js';
import { awaitConsumer } from './topology-check.js';
import { extractTrace, inSpan } from './trace.js';

export interface ConsumeOptions {
  link: Link;
  jetstream: JetStreamClient;
  service: ServiceName;
  message: Message;
  /** Messages handled at the same time; one by default. */
  concurrency: number;
  handler: Handler;
  inFlight: InFlight;
  log: MeshLog;
}

const pullMs = 20_000;
const heartbeatMs = 2_500;
const retryMs = 1000;
const ackTimeoutMs = 1000;
/** Then the delivery counts as failed: what never gets room is buried in the end, and its reason says so. */
const roomPatienceMs = 10 * 60 * 1000;
const roomWaitMs = [250, 1000, 2000, 5000];

/**
 * Works through one durable consumer. Each slot pulls one message at a time: a longer buffer would let ack_wait run for
 * messages that still wait in memory. The consumer has no delivery limit of its own, because a message beyond one would lie
 * in the stream for ever; this code counts instead and buries what cannot be handled.
 */
export class DurableConsumer {
  readonly name: string;
  readonly #options: ConsumeOptions;
  readonly #pulls = new Set<ConsumerMessages>();
  readonly #stopping = new AbortController();
  readonly #forgetReconnect: () => void;
  #isReady = false;

  constructor(options: ConsumeOptions) {
    this.#options = options;
    this.name = consumerName(options.service, options.message);
    // Pulls that were waiting when the connection broke are lost; ending them makes the slots ask anew at once.
    this.#forgetReconnect = options.link.onReconnect(() => this.#endPulls());
    for (let slot = 0; slot < options.concurrency; slot++) void this.#work();
  }

  /** Whether the durable consumer exists on the server as the book wants it. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** Takes no new message; what runs is left to the drain. */
  stop(): void {
    this.#forgetReconnect();
    this.#stopping.abort();
    this.#endPulls();
  }

  #endPulls(): void {
    for (const pull of this.#pulls) void pull.close();
  }

  async #work(): Promise<void> {
    const { message, link, jetstream, log } = this.#options;
    const signal = this.#stopping.signal;
    let consumer: Consumer | undefined;
    while (!signal.aborted && !link.nats.isClosed()) {
      try {
        await link.whenConnected(pullMs);
        if (consumer === undefined) {
          consumer = await awaitConsumer({ link, jetstream }, this.#options.service, message, log, signal);
          this.#isReady = true;
        }
        await this.#pullOne(consumer);
      } catch (thrown) {
        if (signal.aborted || link.nats.isClosed()) return;
        log.warn({ consumer: this.name, error: String(thrown) }, 'pulling failed; trying again');
        consumer = undefined;
        await pause(retryMs, signal);
      }
    }
  }

  async #pullOne(consumer: Consumer): Promise<void> {
    const pull = await consumer.fetch({ max_messages: 1, expires: pullMs, idle_heartbeat: heartbeatMs });
    this.#pulls.add(pull);
    try {
      if (this.#stopping.signal.aborted) void pull.close();
      for await (const msg of pull) {
        if (this.#stopping.signal.aborted) msg.nak();
        else await this.#options.inFlight.track((closing) => this.#handle(msg, closing));
      }
    } finally {
      this.#pulls.delete(pull);
    }
  }

  async #handle(msg: JsMsg, closing: AbortSignal): Promise<void> {
    const { message, handler, link, log } = this.#options;
    const { ackWaitMs, deliveriesMax } = message.delivery;
    const attempt = msg.info.deliveryCount;
    const working = setInterval(() => {
      if (link.nats.isClosed()) clearInterval(working);
      else msg.working();
    }, ackWaitMs / 3);
    try {
      const facts = {
        operation: 'process',
        message,
        consumer: this.name,
        messageId: String(msg.seq),
        bytes: msg.data.byteLength,
      } as const;
      await this.#whileNoRoom(msg, closing, () =>
        inSpan(facts, extractTrace(msg.headers), async () => {
          if (attempt > deliveriesMax) throw crashed(message, deliveriesMax);
          const input = decode(message.subject, message.input, msg.data);
          await handler(input, deliveryContext(message, msg, attempt, closing));
        }),
      );
      await acknowledge(link, msg, log);
    } catch (thrown) {
      const error = asHoneError(thrown);
      log.warn(
        {
          subject: message.subject,
          sequence: msg.seq,
          attempt,
          kind: error.kind,
          code: error.code,
          ...(error.kind === 'bug' ? { stack: stackOf(thrown) } : {}),
        },
        error.message,
      );
      await this.#giveBack(msg, error, attempt, closing);
    } finally {
      clearInterval(working);
    }
  }

  /**
   * A full disk, or a bus that cannot store, is nobody's poison: the same delivery tries again until there is room, because
   * attempts given back to a server in that state would be used up within minutes and the message buried.
   */
  async #whileNoRoom(msg: JsMsg, closing: AbortSignal, work: () => Promise<void>): Promise<void> {
    const { message, link, log } = this.#options;
    const started = performance.now();
    for (let tries = 0; ; tries++) {
      try {
        return await work();
      } catch (thrown) {
        const isOver = performance.now() - started > roomPatienceMs;
        if (isOver || !isNoRoom(thrown) || closing.aborted || link.nats.isClosed()) throw thrown;
        const waitMs = roomWaitMs[Math.min(tries, roomWaitMs.length - 1)] as number;
        const { code, message: reason } = asHoneError(thrown);
        log.warn({ subject: message.subject, sequence: msg.seq, code, waitMs }, `waiting for room: ${reason}`);
        await pause(waitMs, closing);
        if (closing.aborted) throw thrown;
      }
    }
  }

  /** A refusal repeats itself, so it is buried at once; a fault or a bug is tried again until the deliveries are used up. */
  async #giveBack(msg: JsMsg, error: HoneError, attempt: number, closing: AbortSignal): Promise<void> {
    const { message, service, link, jetstream, log } = this.#options;
    const { backoffMs, deliveriesMax } = message.delivery;
    if (closing.aborted && error.kind !== 'refusal') return msg.nak();
    if (error.kind !== 'refusal' && attempt < deliveriesMax) {
      return msg.nak(backoffMs[Math.min(attempt, backoffMs.length) - 1] ?? retryMs);
    }
    try {
      await bury(jetstream, service, this.name, msg, error);
      await acknowledge(link, msg, log);
    } catch (thrown) {
      log.error(
        { subject: message.subject, sequence: msg.seq, error: String(thrown) },
        'the dead letter could not be stored; the message stays',
      );
      msg.nak(backoffMs.at(-1) ?? retryMs);
    }
  }
}

/**
 * The server's answer to the acknowledgement is awaited: only then can the message not come back. The client's own `ackAck` can
 * be called once only, and a crash of the server swallows it, so the acknowledgement is a request that is made twice. A server
 * that had stored the first one stays silent on the second; one that had not delivers the message again.
 */
async function acknowledge(link: Link, msg: JsMsg, log: MeshLog): Promise<void> {
  const reply = 'reply' in msg ? String(msg.reply) : '';
  const ask = (): Promise<unknown> => link.nats.request(reply, '+ACK', { timeout: ackTimeoutMs });
  await repeat(link, ackTimeoutMs, () => true, ask).catch(() => {
    if (!link.nats.isClosed())
      log.warn(
        { subject: msg.subject, sequence: msg.seq },
        'an acknowledgement was not confirmed; the message may come again',
      );
  });
}

const crashed = (message: Message, deliveries: number): HoneError =>
  fault(
    'deliveries_exhausted',
    `[${message.subject}] expected an acknowledgement within ${deliveries} deliveries but the worker never answered; fix: look for crashes at the times of the deliveries`,
  );

const deliveryContext = (message: Message, msg: JsMsg, attempt: number, closing: AbortSignal): MeshContext => ({
  message,
  sender: msg.headers?.get(headerNames.sender) || 'unknown',
  signal: closing,
  attempt,
  isLastAttempt: attempt >= message.delivery.deliveriesMax,
  sequence: msg.seq,
  storedAt: msg.time.getTime(),
});

const stackOf = (thrown: unknown): string | undefined => (thrown instanceof Error ? thrown.stack : undefined);
