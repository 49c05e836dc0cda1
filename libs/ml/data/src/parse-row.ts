import { parseMessages, type RawMessage } from './parse-messages.js';
import { RowError, type ChatRow, type PreferenceRow, type Row } from './row.js';

type Fields = Record<string, unknown>;

/** A JSON value in any known format as an internal row; throws RowError with the reason otherwise. */
export function parseRow(value: unknown): Row {
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw new RowError('wrong_type', `expected a JSON object but received ${describe(value)}`);
  const fields = value as Fields;
  if ('chosen' in fields && 'rejected' in fields) return parsePreference(fields);
  if ('preferred_output' in fields) return parseOpenAiPreference(fields);
  if ('messages' in fields) return parseChat(fields['messages'], fields['tools']);
  if ('conversations' in fields) return parseChat(fromShareGpt(fields), fields['tools']);
  if ('instruction' in fields) return parseAlpaca(fields);
  if ('prompt' in fields && 'completion' in fields) return parseCompletion(fields);
  if ('text' in fields) return { text: nonEmpty(fields, 'text') };
  const names = Object.keys(fields).slice(0, 8).join(', ');
  throw new RowError(
    'unknown_format',
    `expected messages, conversations, instruction, prompt and completion, text, or chosen and rejected but received the fields ${names || '(none)'}`,
  );
}

/** One line of a JSONL file as a row. */
export function parseLine(text: string): Row {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new RowError('not_json', `expected JSON but ${(error as Error).message}`);
  }
  return parseRow(value);
}

function parseChat(messages: unknown, tools: unknown): ChatRow {
  if (tools !== undefined && tools !== null && !Array.isArray(tools))
    throw new RowError('wrong_type', `expected tools to be a list but received ${describe(tools)}`);
  const parsed = parseMessages(messages);
  const answers = parsed.filter(({ role }) => role === 'assistant');
  if (answers.length === 0) throw new RowError('no_assistant', 'expected at least one message with the role assistant');
  if (answers.every(({ weight }) => weight === 0))
    throw new RowError('all_masked', 'expected an answer to learn from but every assistant message has weight 0');
  return { messages: parsed, ...(Array.isArray(tools) && tools.length > 0 ? { tools } : {}) };
}

const shareGptRoles: Record<string, string> = {
  human: 'user',
  user: 'user',
  gpt: 'assistant',
  assistant: 'assistant',
  system: 'system',
  observation: 'tool',
  tool: 'tool',
  function_call: 'assistant',
};

function fromShareGpt(fields: Fields): unknown {
  const turns = fields['conversations'];
  if (!Array.isArray(turns)) return turns;
  const messages = turns.map((turn: Fields | null) => ({
    role: shareGptRoles[String(turn?.['from'])] ?? turn?.['from'],
    content: turn?.['value'],
  }));
  const system = fields['system'];
  return typeof system === 'string' && system !== '' ? [{ role: 'system', content: system }, ...messages] : messages;
}

/** `input` is the material that the instruction is about; it is part of the question, and an empty one adds nothing. */
function parseAlpaca(fields: Fields): ChatRow {
  const instruction = nonEmpty(fields, 'instruction');
  const input = optional(fields, 'input');
  const messages: RawMessage[] = [];
  const system = optional(fields, 'system');
  if (system !== '') messages.push({ role: 'system', content: system });
  const history = fields['history'];
  if (Array.isArray(history))
    for (const turn of history as unknown[][])
      messages.push({ role: 'user', content: turn[0] }, { role: 'assistant', content: turn[1] });
  messages.push({ role: 'user', content: input === '' ? instruction : `${instruction}\n\n${input}` });
  messages.push({ role: 'assistant', content: nonEmpty(fields, 'output') });
  return parseChat(messages, undefined);
}

/** The prompt may be messages, and then the completion is the last answer. */
function parseCompletion(fields: Fields): Row {
  if (!Array.isArray(fields['prompt']))
    return { prompt: nonEmpty(fields, 'prompt'), completion: nonEmpty(fields, 'completion') };
  return parseChat([...(fields['prompt'] as unknown[]), ...asAnswer(fields['completion'])], fields['tools']);
}

const asAnswer = (value: unknown): unknown[] =>
  Array.isArray(value) ? value : [{ role: 'assistant', content: value }];

function parsePreference(fields: Fields): PreferenceRow {
  const { prompt, instruction } = fields;
  const question = Array.isArray(prompt)
    ? prompt
    : [{ role: 'user', content: prompt ?? alpacaQuestion(fields, instruction) }];
  const asked = 'conversations' in fields ? fromShareGpt(fields) : question;
  return preference(asked, fields['chosen'], fields['rejected']);
}

const alpacaQuestion = (fields: Fields, instruction: unknown): unknown =>
  typeof instruction === 'string' ? [instruction, optional(fields, 'input')].filter(Boolean).join('\n\n') : undefined;

function parseOpenAiPreference(fields: Fields): PreferenceRow {
  const input = fields['input'] as Fields | null | undefined;
  return preference(input?.['messages'], fields['preferred_output'], fields['non_preferred_output']);
}

function preference(asked: unknown, chosen: unknown, rejected: unknown): PreferenceRow {
  const row = {
    messages: parseMessages(asked),
    chosen: answerText(chosen, 'chosen'),
    rejected: answerText(rejected, 'rejected'),
  };
  if (row.chosen === row.rejected)
    throw new RowError('equal_answers', 'expected chosen and rejected to differ but they are equal');
  return row;
}

/** An answer is a string, a message, or a list whose last message is the answer. */
function answerText(value: unknown, field: string): string {
  const last = Array.isArray(value) ? value.at(-1) : value;
  const text =
    last !== null && typeof last === 'object' ? ((last as Fields)['content'] ?? (last as Fields)['value']) : last;
  if (typeof text !== 'string')
    throw new RowError('wrong_type', `expected ${field} to be text but received ${describe(text)}`);
  if (text.trim() === '') throw new RowError('empty', `expected ${field} to have text but it is empty`);
  return text;
}

function nonEmpty(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value !== 'string')
    throw new RowError('wrong_type', `expected ${name} to be text but received ${describe(value)}`);
  if (value.trim() === '') throw new RowError('empty', `expected ${name} to have text but it is empty`);
  return value;
}

function optional(fields: Fields, name: string): string {
  const value = fields[name];
  if (value === undefined || value === null) return '';
  if (typeof value !== 'string')
    throw new RowError('wrong_type', `expected ${name} to be text but received ${describe(value)}`);
  return value.trim() === '' ? '' : value;
}

export const describe = (value: unknown): string =>
  value === null || value === undefined ? String(value) : Array.isArray(value) ? 'a list' : `a ${typeof value}`;
