import { z } from 'zod';
import { book } from '../book.js';
import { consumersOf, type Message } from '../form.js';

const schemaOf = (schema: z.ZodType): unknown => z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });

const channelName = (message: Message): string => message.subject.replaceAll('.', '_');

/** The AsyncAPI 3.0 description of the bus: one channel, and one operation, for each message of the book. */
export function asyncApi(): object {
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Hone bus',
      version: '1.0.0',
      description: 'Every message between the services of Hone, generated from the book.',
    },
    defaultContentType: 'application/json',
    channels: Object.fromEntries(book.map((message) => [channelName(message), channel(message)])),
    operations: Object.fromEntries(book.map((message) => [channelName(message), operation(message)])),
  };
}

const channel = (message: Message) => ({
  address: message.subject,
  description: message.summary,
  messages: {
    input: { payload: schemaOf(message.input), examples: [{ payload: message.example }] },
    ...(message.reply === undefined ? {} : { reply: { payload: schemaOf(message.reply) } }),
  },
});

function operation(message: Message): object {
  const channelRef = { $ref: `#/channels/${channelName(message)}` };
  return {
    action: message.kind === 'evt' ? 'send' : 'receive',
    channel: channelRef,
    title: `${message.owner} ${message.kind === 'evt' ? 'tells' : message.kind === 'cmd' ? 'does' : 'answers'} ${message.subject}`,
    messages: [{ $ref: `${channelRef.$ref}/messages/input` }],
    ...(message.reply === undefined ? {} : { reply: { messages: [{ $ref: `${channelRef.$ref}/messages/reply` }] } }),
    'x-owner': message.owner,
    'x-peers': message.peers,
    'x-consumers': consumersOf(message),
    'x-streamed': message.streamed,
  };
}
