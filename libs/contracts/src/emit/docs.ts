import { book } from '../book.js';
import { flows } from '../flows/flows.js';
import { type Message } from '../form.js';
import { ledgers } from '../ledgers.js';
import { serviceNames, serviceSummary, type ServiceName } from '../services.js';
import { streams } from '../streams.js';
import { permissionsOf } from './permissions.js';

const header = '<!-- Generated from libs/contracts by tools/gen-book.mjs; edit the book, not this file. -->\n\n';
const table = (head: string[], rows: string[][]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n') + '\n';
const code = (text: string): string => `\`${text}\``;
const row = (message: Message): string[] => [code(message.subject), message.summary, message.peers.join(', ')];

/** The tables of one service: what it answers, does, tells and reads. They also stand in its README between markers. */
export function serviceTables(service: ServiceName): string {
  const owned = (kind: Message['kind']) =>
    book.filter((message) => message.owner === service && message.kind === kind).map(row);
  const read = book.filter((message) => message.kind === 'evt' && message.peers.includes(service));
  const asked = book.filter((message) => message.kind !== 'evt' && message.peers.includes(service));
  const kept = Object.values(ledgers).filter((ledger) => ledger.owner === service);
  const section = (title: string, head: string[], rows: string[][]): string =>
    rows.length === 0 ? '' : `**${title}**\n\n${table(head, rows)}\n`;
  return [
    section('Answers', ['subject', 'what', 'asked by'], owned('rpc')),
    section('Does', ['subject', 'what', 'sent by'], owned('cmd')),
    section('Tells', ['subject', 'what', 'read by'], owned('evt')),
    section(
      'Reads',
      ['subject', 'what', 'told by'],
      read.map((message) => [code(message.subject), message.summary, message.owner]),
    ),
    section(
      'Asks',
      ['subject', 'what', 'of'],
      asked.map((message) => [code(message.subject), message.summary, message.owner]),
    ),
    section(
      'Keeps',
      ['ledger', 'what', 'read by'],
      kept.map((ledger) => [code(ledger.bucket), ledger.summary, ledger.readers.join(', ') || 'nobody else']),
    ),
  ].join('');
}

/** docs/book/messages.md */
export const messagesPage = (): string =>
  `${header}# Messages\n\n${serviceNames.map((service) => `## ${service}\n\n${serviceSummary[service]}\n\n${serviceTables(service)}`).join('\n')}`;

/** docs/book/permissions.md: the bus rights of each service. */
export const permissionsPage = (): string =>
  `${header}# Bus permissions\n\nWhat each service may publish and subscribe on NATS. Everything else is refused by the server.\n\n${serviceNames
    .map((service) => {
      const { publish, subscribe, responses } = permissionsOf(service);
      const list = (subjects: string[]): string => subjects.map((subject) => `- ${code(subject)}`).join('\n');
      return `## ${service}\n\nPublish:\n\n${list(publish)}\n\nSubscribe:\n\n${list(subscribe)}\n${responses ? `\nReplies: at most ${responses.max} to one question, within ${responses.expires}.\n` : ''}`;
    })
    .join('\n')}`;

/** docs/book/streams.md: streams and ledgers. */
export const streamsPage = (): string =>
  `${header}# Streams and ledgers\n\n${table(
    ['stream', 'subjects', 'retention', 'what'],
    Object.values(streams).map((stream) => [
      code(stream.name),
      stream.subjects.map(code).join(' '),
      stream.retention,
      stream.summary,
    ]),
  )}\n${table(
    ['ledger', 'owner', 'readers', 'keys'],
    Object.values(ledgers).map((ledger) => [
      code(ledger.bucket),
      ledger.owner,
      ledger.readers.join(', '),
      ledger.summary,
    ]),
  )}`;

/** docs/book/flows.md: the journeys, drawn. */
export const flowsPage = (): string =>
  `${header}# Journeys\n\n${flows
    .map(
      (flow) =>
        `## ${flow.title}\n\n${flow.summary}\n\n\`\`\`mermaid\nsequenceDiagram\n${flow.steps
          .map(
            (step) =>
              `  ${step.from}${step.message.kind === 'evt' ? '-)' : '->>'}${step.to}: ${step.message.subject.split('.').slice(4).join('.')}`,
          )
          .join('\n')}\n\`\`\`\n`,
    )
    .join('\n')}`;
