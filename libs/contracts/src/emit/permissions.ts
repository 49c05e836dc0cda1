import { book } from '../book.js';
import { consumerName, consumersOf, type Message } from '../form.js';
import { ledgers, type LedgerSpec } from '../ledgers.js';
import { domainOf, type ServiceName } from '../services.js';
import { controlSubject, streamOf, streams } from '../streams.js';

/** What one service may publish and subscribe; everything else is refused by the NATS server. */
export interface Permissions {
  publish: string[];
  /** A subject, or `subject queue` where only a member of that queue group may listen. */
  subscribe: string[];
  /** A responder may publish so many replies to the inbox of a question, for so long. */
  responses: { max: number; expires: string } | undefined;
}

/** The permissions that follow from the book: a service can do what its messages say and nothing more. */
export function permissionsOf(service: ServiceName): Permissions {
  const publish = new Set<string>();
  const subscribe = new Set<string>([`_INBOX_${service}.>`]);
  for (const message of book) allowMessage(service, message, publish, subscribe);
  for (const ledger of Object.values(ledgers) as LedgerSpec[]) allowLedger(service, ledger, publish);
  const answers = book.filter((message) => message.kind === 'rpc' && message.owner === service);
  const responses =
    answers.length === 0
      ? undefined
      : { max: answers.some((message) => message.streamed) ? 100_000 : 1, expires: '15m' };
  return { publish: [...publish].sort(), subscribe: [...subscribe].sort(), responses };
}

function allowMessage(service: ServiceName, message: Message, publish: Set<string>, subscribe: Set<string>): void {
  const isOwner = message.owner === service;
  const isPeer = message.peers.includes(service);
  if (message.kind === 'rpc') {
    if (isOwner) subscribe.add(`${message.subject} ${service}`);
    if (isPeer) publish.add(message.subject);
    if (message.streamed && isOwner) subscribe.add(controlSubject(message));
    if (message.streamed && isPeer) publish.add(controlSubject(message));
    return;
  }
  if (message.kind === 'cmd' ? isPeer : isOwner) publish.add(message.subject);
  if (consumersOf(message).includes(service)) allowConsumer(service, message, publish);
}

/** The minimum of a pull worker on one durable consumer: look it up, ask for messages, acknowledge, give up. */
function allowConsumer(service: ServiceName, message: Message, publish: Set<string>): void {
  if (message.kind === 'rpc') return;
  const stream = streamOf(message.kind).name;
  const consumer = consumerName(service, message);
  publish.add(`$JS.API.STREAM.INFO.${stream}`);
  publish.add(`$JS.API.STREAM.INFO.${streams.dead.name}`);
  publish.add(`$JS.API.CONSUMER.INFO.${stream}.${consumer}`);
  publish.add(`$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`);
  publish.add(`$JS.ACK.${stream}.${consumer}.>`);
  publish.add(`hone.v1.${domainOf[service]}.dead.>`);
}

/** A ledger is read from its leader (a service reads its own writes) and with ordered consumers of its own; only its owner writes. */
function allowLedger(service: ServiceName, { bucket, owner, readers }: LedgerSpec, publish: Set<string>): void {
  if (owner !== service && !readers.includes(service)) return;
  const stream = `KV_${bucket}`;
  publish.add(`$JS.API.STREAM.INFO.${stream}`);
  publish.add(`$JS.API.STREAM.MSG.GET.${stream}`);
  publish.add(`$JS.API.CONSUMER.CREATE.${stream}.>`);
  publish.add(`$JS.API.CONSUMER.INFO.${stream}.>`);
  publish.add(`$JS.API.CONSUMER.DELETE.${stream}.>`);
  publish.add(`$JS.API.CONSUMER.MSG.NEXT.${stream}.>`);
  publish.add(`$JS.FC.${stream}.>`);
  if (owner === service) publish.add(`$KV.${bucket}.>`);
}
