import { suggest } from '@hone/base';
import { describe } from './fields.js';
import { RowError, type Message } from './row.js';

const roles = ['system', 'user', 'assistant', 'tool'] as const;
/** Newer names of the same roles. */
const roleAliases: Record<string, Message['role']> = { developer: 'system', function: 'tool' };

export interface RawMessage {
  role?: unknown;
  content?: unknown;
  [field: string]: unknown;
}

/** Checks roles, their order and their content; `at` in the reasons counts from 0 as the OpenAI API does. */
export function parseMessages(value: unknown): Message[] {
  if (!Array.isArray(value))
    throw new RowError('wrong_type', `expected messages to be a list but received ${describe(value)}`);
  if (value.length === 0) throw new RowError('empty', 'expected at least one message but received none');
  const messages = value.map((message, at) => parseMessage(message as RawMessage | null, at));
  messages.forEach((message, at) => checkOrder(message, messages[at - 1], at));
  return messages;
}

function parseMessage(raw: RawMessage | null, at: number): Message {
  if (raw === null || typeof raw !== 'object')
    throw new RowError('wrong_type', `expected messages[${at}] to be an object but received ${describe(raw)}`);
  const role = parseRole(raw.role, at);
  const calls = Array.isArray(raw['tool_calls']) && raw['tool_calls'].length > 0 ? raw['tool_calls'] : undefined;
  const content = contentText(raw.content, at, calls !== undefined);
  if (content.trim() === '' && calls === undefined && role !== 'tool')
    throw new RowError('empty', `expected messages[${at}].content to have text but it is empty`);
  return {
    role,
    content,
    ...(typeof raw['name'] === 'string' ? { name: raw['name'] } : {}),
    ...weightOf(raw['weight'] ?? raw['loss_weight'], role, at),
    ...(calls ? { tool_calls: calls } : {}),
    ...(typeof raw['tool_call_id'] === 'string' ? { tool_call_id: raw['tool_call_id'] } : {}),
  };
}

function parseRole(value: unknown, at: number): Message['role'] {
  const role = typeof value === 'string' ? (roleAliases[value] ?? roles.find((known) => known === value)) : undefined;
  if (role) return role;
  const near = typeof value === 'string' ? suggest(value, roles) : undefined;
  throw new RowError(
    'wrong_role',
    `expected messages[${at}].role to be one of ${roles.join(', ')} but received ${JSON.stringify(value) ?? 'nothing'}${near ? `; did you mean ${near}?` : ''}`,
  );
}

/** Text, or a list of text parts as the API sends it. */
function contentText(content: unknown, at: number, hasCalls: boolean): string {
  if (typeof content === 'string') return content;
  if ((content === null || content === undefined) && hasCalls) return '';
  if (Array.isArray(content)) {
    const texts = content.map((part: { type?: unknown; text?: unknown; value?: unknown } | null) =>
      part?.type === 'text' ? (part.text ?? part.value) : undefined,
    );
    if (texts.every((text) => typeof text === 'string')) return texts.join('');
  }
  throw new RowError('wrong_type', `expected messages[${at}].content to be text but received ${describe(content)}`);
}

function weightOf(value: unknown, role: Message['role'], at: number): { weight?: 0 | 1 } {
  if (value === undefined || value === null || role !== 'assistant') return {};
  if (value !== 0 && value !== 1)
    throw new RowError(
      'wrong_type',
      `expected messages[${at}].weight to be 0 or 1 but received ${JSON.stringify(value)}`,
    );
  return { weight: value };
}

/** A system message only opens; an answer needs a question; a tool result needs a call. */
function checkOrder(message: Message, before: Message | undefined, at: number): void {
  if (message.role === 'system' && before && before.role !== 'system')
    throw new RowError('wrong_role', `expected the system message to come first but it is messages[${at}]`);
  if (
    message.role === 'assistant' &&
    (!before || before.role === 'system' || (before.role === 'assistant' && !before.tool_calls))
  )
    throw new RowError('wrong_role', `expected a user message before the assistant's messages[${at}]`);
  if (message.role === 'tool' && before?.role !== 'assistant' && before?.role !== 'tool')
    throw new RowError(
      'wrong_role',
      `expected an assistant message with a tool call before the tool's messages[${at}]`,
    );
}
