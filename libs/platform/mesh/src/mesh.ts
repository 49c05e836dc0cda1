import type { HoneError } from '@hone/base';
import type { LedgerSpec, Message, ReplyOf, ServiceName } from '@hone/contracts';
import { jetstream, type JetStreamClient, jetstreamManager } from '@nats-io/jetstream';
import { type KV, Kvm } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import type { z } from 'zod';
import { type Link, openLink } from './connection.js';
import { DurableConsumer } from './consume.js';
import type { Handler } from './context.js';
import { InFlight } from './in-flight.js';
import { Ledger } from './ledger.js';
import { type MeshLog, silentLog } from './log.js';
import { type Published, publish, type PublishOptions } from './publish.js';
import { request, type RequestOptions } from './request.js';
import { requestStream, type StreamOptions } from './request-stream.js';
import { respond } from './respond.js';
import { respondStream } from './respond-stream.js';
import { ensureTopology, type Topology } from './topology.js';

export interface MeshOptions {
  service: ServiceName;
  /** `nats://127.0.0.1:4222`, several separated by commas. */
  url: string;
  /** The service's private nkey seed (`SU...`); none for a server without users. */
  nkeySeed?: string;
  log?: MeshLog;
}

export interface ListenOptions {
  /** For commands and events: how many are handled at the same time; one by default. */
  concurrency?: number;
}

/** How long a ledger waits for a lost connection before it says that it is unavailable. */
const ledgerPatienceMs = 5000;

/** Connects a service to the bus; waits for the server as long as it takes. */
export async function connectMesh({ service, url, nkeySeed, log = silentLog }: MeshOptions): Promise<Mesh> {
  const link = await openLink({ service, url, log, ...(nkeySeed === undefined ? {} : { nkeySeed }) });
  return new Mesh(service, link, log);
}

/** One service's place on the bus: it asks, tells and answers with the book's messages, and keeps its ledgers. */
export class Mesh {
  readonly service: ServiceName;
  /** Settles when the connection is over: with the error that ended it, or with nothing after `close`. */
  readonly ended: Promise<HoneError | undefined>;
  readonly #link: Link;
  readonly #jetstream: JetStreamClient;
  readonly #log: MeshLog;
  readonly #inFlight = new InFlight();
  readonly #consumers: DurableConsumer[] = [];
  readonly #subscriptions: { drain(): Promise<void> }[] = [];
  readonly #buckets = new Map<string, Promise<KV>>();

  constructor(service: ServiceName, link: Link, log: MeshLog) {
    this.service = service;
    this.ended = link.ended;
    this.#link = link;
    this.#log = log;
    // The account's figures are closed to services, so the client must not ask for them.
    this.#jetstream = jetstream(link.nats, { checkAPI: false });
  }

  /** Asks an rpc and waits for the answer; fails with the responder's HoneError, `service_unavailable` or `service_timeout`. */
  request<M extends Message>(message: M, input: z.input<M['input']>, options?: RequestOptions): Promise<ReplyOf<M>> {
    return request({ link: this.#link, service: this.service }, message, input, options);
  }

  /** Asks a streamed rpc; leaving the loop cancels it on the other side. */
  requestStream<M extends Message>(
    message: M,
    input: z.input<M['input']>,
    options?: StreamOptions,
  ): AsyncGenerator<ReplyOf<M>, void, void> {
    return requestStream({ link: this.#link, service: this.service }, message, input, options);
  }

  /** Gives the owner of a command work to do. */
  send<M extends Message>(command: M, input: z.input<M['input']>, options?: PublishOptions): Promise<Published> {
    return publish({ link: this.#link, jetstream: this.#jetstream, service: this.service }, command, input, options);
  }

  /** Tells a fact to every service that reads it. */
  emit<M extends Message>(event: M, input: z.input<M['input']>, options?: PublishOptions): Promise<Published> {
    return publish({ link: this.#link, jetstream: this.#jetstream, service: this.service }, event, input, options);
  }

  /** The names `<prefix>.<id>` of a ledger of the book, as values of the schema. */
  ledger<S extends z.ZodType>(spec: LedgerSpec, prefix: string, schema: S): Ledger<z.output<S>> {
    return new Ledger<z.output<S>>(() => this.#bucket(spec.bucket), spec, prefix, schema as z.ZodType<z.output<S>>);
  }

  /** Begins to answer, do or read a message; the Nest strategy calls this for every decorated handler. */
  listen(message: Message, handler: Handler, { concurrency = 1 }: ListenOptions = {}): void {
    const responder = { link: this.#link, service: this.service, inFlight: this.#inFlight };
    if (message.kind === 'rpc') {
      const made = message.streamed
        ? respondStream(responder, message, handler)
        : [respond(responder, message, handler)];
      this.#subscriptions.push(...made);
      return;
    }
    const common = {
      link: this.#link,
      jetstream: this.#jetstream,
      service: this.service,
      log: this.#log,
      inFlight: this.#inFlight,
    };
    this.#consumers.push(new DurableConsumer({ ...common, message, handler, concurrency }));
  }

  /** Creates and checks what the book needs on the server; needs an admin's credential. */
  async ensureTopology(topology: Topology): Promise<void> {
    await ensureTopology(await jetstreamManager(this.#link.nats), topology);
  }

  /** Resolves when everything said so far has reached the server, subscriptions included. */
  flush(): Promise<void> {
    return this.#link.nats.flush();
  }

  /** What this process still waits for; empty when it is ready for work. */
  waitingFor(): string[] {
    const consumers = this.#consumers.filter(({ isReady }) => !isReady).map(({ name }) => `consumer ${name}`);
    return this.#link.isConnected() ? consumers : ['the connection to NATS', ...consumers];
  }

  /** Takes no new messages and lets the running ones end; after the patience their signals abort. Asking and telling go on. */
  async quiesce(patienceMs = 5000): Promise<void> {
    for (const consumer of this.#consumers) consumer.stop();
    await Promise.allSettled(this.#subscriptions.splice(0).map((subscription) => subscription.drain()));
    await this.#inFlight.drain(patienceMs);
  }

  /** Quiesces, sends what still waits, and leaves the bus. */
  async close(patienceMs = 5000): Promise<void> {
    if (this.#link.nats.isClosed()) return;
    await this.quiesce(patienceMs);
    if (!this.#link.nats.isClosed()) await this.#link.nats.drain().catch(() => this.#link.nats.close());
  }

  /** Ends at once, as a crash would; for tests and for exits that cannot wait. */
  async abandon(): Promise<void> {
    for (const consumer of this.#consumers) consumer.stop();
    await this.#link.nats.close();
  }

  /** The NATS connection itself, for tools that look at the server. */
  unwrap(): NatsConnection {
    return this.#link.nats;
  }

  async #bucket(name: string): Promise<KV> {
    await this.#link.whenConnected(ledgerPatienceMs);
    let bucket = this.#buckets.get(name);
    if (bucket === undefined) {
      // Reads go to the leader (no direct gets), so that a service always reads its own writes.
      bucket = new Kvm(this.#jetstream).open(name, { allow_direct: false });
      this.#buckets.set(name, bucket);
      bucket.catch(() => this.#buckets.delete(name));
    }
    return bucket;
  }
}
