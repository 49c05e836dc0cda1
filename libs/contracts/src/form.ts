import { bug } from '@hone/base';
import type { z } from 'zod';
import { domainOf, type ServiceName } from './services.js';

/**
 * `rpc`: question and answer over core NATS, one of the owner's replicas replies. `cmd`: durable work for the owner, done once
 * in effect. `evt`: a durable fact that the owner tells; every reading service gets it once.
 */
export type MessageKind = 'rpc' | 'cmd' | 'evt';

/** How a durable message is delivered to one consumer. */
export interface Delivery {
  /** Redelivered when neither acknowledged nor heard of (`working`) for this long. */
  ackWaitMs: number;
  /** After this many deliveries the message goes to the dead-letter stream with its reason. */
  deliveriesMax: number;
  /** Waits before a redelivery after a fault, by attempt; the last one repeats. */
  backoffMs: readonly number[];
}

export const defaultDelivery: Delivery = { ackWaitMs: 30_000, deliveriesMax: 5, backoffMs: [250, 1000, 5000, 15_000] };

/** One message of the book. `Input` is what travels, `Reply` what comes back (rpc only; one frame of it when streamed). */
export interface Message<Input extends z.ZodType = z.ZodType, Reply extends z.ZodType = z.ZodType> {
  kind: MessageKind;
  /** `hone.v1.<domain>.<kind>.<noun>.<verb>`. */
  subject: string;
  /** The service that answers (rpc), does (cmd) or tells (evt). */
  owner: ServiceName;
  /** Who may ask (rpc, cmd) or reads (evt). */
  peers: readonly ServiceName[];
  summary: string;
  input: Input;
  reply: Reply | undefined;
  /** An rpc whose reply is a sequence of frames. */
  streamed: boolean;
  /** The longest an rpc may take before its caller gives up. */
  timeoutMs: number;
  delivery: Delivery;
  example: z.input<Input>;
  /** A value that the schema must refuse: it proves that the schema refuses something. */
  counterExample: unknown;
}

export type InputOf<M extends Message> = z.output<M['input']>;
export type ReplyOf<M extends Message> = M extends Message<z.ZodType, infer R> ? z.output<R> : never;

interface Shared<Input extends z.ZodType> {
  /** `<noun>.<verb>`. */
  name: string;
  owner: ServiceName;
  summary: string;
  input: Input;
  example: z.input<Input>;
  counterExample: unknown;
}

function subjectOf(owner: ServiceName, kind: MessageKind, name: string): string {
  if (!/^[a-z]+\.[a-z]+$/.test(name))
    throw bug('book', `[contracts] expected a name <noun>.<verb> but received "${name}"`);
  return `hone.v1.${domainOf[owner]}.${kind}.${name}`;
}

export function rpc<Input extends z.ZodType, Reply extends z.ZodType>(
  entry: Shared<Input> & { callers: readonly ServiceName[]; reply: Reply; streamed?: boolean; timeoutMs?: number },
): Message<Input, Reply> {
  const { name, callers, timeoutMs = 10_000, streamed = false, ...rest } = entry;
  return {
    ...rest,
    kind: 'rpc',
    subject: subjectOf(rest.owner, 'rpc', name),
    peers: callers,
    streamed,
    timeoutMs,
    delivery: defaultDelivery,
  };
}

export function command<Input extends z.ZodType>(
  entry: Shared<Input> & { senders: readonly ServiceName[]; delivery?: Partial<Delivery> },
): Message<Input, never> {
  const { name, senders, delivery, ...rest } = entry;
  const subject = subjectOf(rest.owner, 'cmd', name);
  return { ...rest, ...durable(delivery), kind: 'cmd', subject, peers: senders };
}

export function event<Input extends z.ZodType>(
  entry: Shared<Input> & { readers: readonly ServiceName[]; delivery?: Partial<Delivery> },
): Message<Input, never> {
  const { name, readers, delivery, ...rest } = entry;
  const subject = subjectOf(rest.owner, 'evt', name);
  return { ...rest, ...durable(delivery), kind: 'evt', subject, peers: readers };
}

const durable = (delivery: Partial<Delivery> | undefined) => ({
  reply: undefined,
  streamed: false,
  timeoutMs: 5000,
  delivery: { ...defaultDelivery, ...delivery },
});

/** The durable consumers of a message: its owner for a command, each reader for an event. */
export const consumersOf = (message: Message): readonly ServiceName[] =>
  message.kind === 'cmd' ? [message.owner] : message.kind === 'evt' ? message.peers : [];

/** The durable name of a service's consumer on a message, e.g. `trainer-tokenizer-shards-published`. */
export function consumerName(service: ServiceName, message: Message): string {
  const [, , domain, , noun, verb] = message.subject.split('.');
  return `${service}-${domain}-${noun}-${verb}`;
}
