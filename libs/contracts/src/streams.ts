import type { Message, MessageKind } from './form.js';
import { domainOf, type ServiceName } from './services.js';

/** A message travels under 64 KiB; everything larger goes to the object store and travels as its digest. */
export const messageBytesMax = 64 * 1024;

export interface StreamSpec {
  name: string;
  subjects: string[];
  retention: 'workqueue' | 'limits';
  /** Nanoseconds are NATS's unit; the book speaks milliseconds. 0 = for ever. */
  ageMsMax: number;
  bytesMax: number;
  /** How long a message id is remembered. */
  duplicateWindowMs: number;
  summary: string;
}

const day = 24 * 3600 * 1000;
const mebibyte = 1024 * 1024;

export const streams: Record<'commands' | 'events' | 'dead', StreamSpec> = {
  commands: {
    name: 'COMMANDS',
    subjects: ['hone.v1.*.cmd.>'],
    retention: 'workqueue',
    ageMsMax: 0,
    bytesMax: 256 * mebibyte,
    duplicateWindowMs: 10 * 60 * 1000,
    summary: 'Work to do: each command leaves the stream when it is done.',
  },
  events: {
    name: 'EVENTS',
    subjects: ['hone.v1.*.evt.>'],
    retention: 'limits',
    ageMsMax: 30 * day,
    bytesMax: 512 * mebibyte,
    duplicateWindowMs: 10 * 60 * 1000,
    summary: 'Facts: kept for thirty days and replayable by sequence.',
  },
  dead: {
    name: 'DEAD',
    subjects: ['hone.v1.*.dead.>'],
    retention: 'limits',
    ageMsMax: 90 * day,
    bytesMax: 128 * mebibyte,
    duplicateWindowMs: 10 * 60 * 1000,
    summary: 'Messages that could not be handled, with the reason.',
  },
};

export const streamOf = (kind: Exclude<MessageKind, 'rpc'>): StreamSpec =>
  kind === 'cmd' ? streams.commands : streams.events;

/** Where a service puts a message that it gives up on: `hone.v1.<domain>.dead.<consumer>`. */
export const deadSubject = (service: ServiceName, consumer: string): string =>
  `hone.v1.${domainOf[service]}.dead.${consumer}`;

/** Where callers of a streamed rpc say `alive` or `cancel`; every replica of the owner listens. */
export const controlSubject = (message: Message): string => `${message.subject}.control`;
