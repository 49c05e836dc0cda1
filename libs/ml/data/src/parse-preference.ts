import { describe, optional, type Fields } from './fields.js';
import { parseMessages } from './parse-messages.js';
import { RowError, type PreferenceRow } from './row.js';
import { messagesOfShareGpt } from './share-gpt.js';

/** Two answers to one question. The question stands beside them, or both answers begin with it. */
export function parsePreference(fields: Fields): PreferenceRow {
  const { chosen, rejected } = fields;
  if ('conversations' in fields) return preference(messagesOfShareGpt(fields), chosen, rejected);
  const asked = askedIn(fields);
  if (asked !== undefined) return preference(asked, chosen, rejected);
  const [better, worse] = [dialogue(chosen, 'chosen'), dialogue(rejected, 'rejected')];
  let shared = 0;
  while (shared < Math.min(better.length, worse.length) - 1 && same(better[shared], worse[shared])) shared++;
  return preference(better.slice(0, shared), better.slice(shared), worse.slice(shared));
}

/** The format of OpenAI's preference fine-tuning. */
export function parseOpenAiPreference(fields: Fields): PreferenceRow {
  const input = fields['input'] as Fields | null | undefined;
  return preference(input?.['messages'], fields['preferred_output'], fields['non_preferred_output']);
}

function askedIn(fields: Fields): unknown {
  const { prompt, instruction, question } = fields;
  if (Array.isArray(prompt)) return prompt;
  const alpaca =
    typeof instruction === 'string' ? [instruction, optional(fields, 'input')].filter(Boolean).join('\n\n') : undefined;
  const text = prompt ?? alpaca ?? question;
  return text === undefined ? undefined : [{ role: 'user', content: text }];
}

/** Whole conversations, as messages or in Anthropic's "Human: ... Assistant: ..." text. */
function dialogue(value: unknown, field: string): unknown[] {
  if (Array.isArray(value)) return value;
  if (typeof value !== 'string' || !value.startsWith('\n\nHuman:'))
    throw new RowError(
      'unknown_format',
      `expected a prompt beside ${field}, or a conversation in it, but received neither`,
    );
  const turns = value.split(/\n\n(?=Human:|Assistant:)/).slice(1);
  return turns.map((turn) => ({
    role: turn.startsWith('Human:') ? 'user' : 'assistant',
    content: turn.replace(/^(Human|Assistant):\s*/, ''),
  }));
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

function preference(asked: unknown, chosen: unknown, rejected: unknown): PreferenceRow {
  const row = {
    messages: parseMessages(asked),
    chosen: answerIn(chosen, 'chosen'),
    rejected: answerIn(rejected, 'rejected'),
  };
  if (row.chosen === row.rejected)
    throw new RowError('equal_answers', 'expected chosen and rejected to differ but they are equal');
  return row;
}

/** An answer is a string, a message, or a list of one message. A pair that differs earlier is no pair of answers. */
function answerIn(value: unknown, field: string): string {
  if (Array.isArray(value) && value.length > 1)
    throw new RowError(
      'wrong_type',
      `expected ${field} to be one answer but received ${value.length} messages of its own`,
    );
  const last: unknown = Array.isArray(value) ? value[0] : value;
  const text =
    last !== null && typeof last === 'object' ? ((last as Fields)['content'] ?? (last as Fields)['value']) : last;
  if (typeof text !== 'string')
    throw new RowError('wrong_type', `expected ${field} to be text but received ${describe(text)}`);
  if (text.trim() === '') throw new RowError('empty', `expected ${field} to have text but it is empty`);
  return text;
}
