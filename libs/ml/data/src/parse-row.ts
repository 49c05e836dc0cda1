import { describe, optional, required, spelled, type Fields } from './fields.js';
import { parseMessages, type RawMessage } from './parse-messages.js';
import { parseOpenAiPreference, parsePreference } from './parse-preference.js';
import { RowError, type ChatRow, type Row } from './row.js';
import { messagesOfShareGpt, toolsOf } from './share-gpt.js';

/** A JSON value in any known format as an internal row; throws RowError with the reason otherwise. */
export function parseRow(value: unknown): Row {
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw new RowError('wrong_type', `expected a JSON object but received ${describe(value)}`);
  const fields = value as Fields;
  refuseUnwanted(fields);
  if ('chosen' in fields && 'rejected' in fields) return parsePreference(fields);
  if ('preferred_output' in fields) return parseOpenAiPreference(fields);
  if ('messages' in fields) return parseChat(fields['messages'], fields['tools']);
  if ('conversations' in fields) return parseChat(messagesOfShareGpt(fields), fields['tools']);
  if ('instruction' in fields) return parseAlpaca(fields);
  const answer = spelled(fields, ['completion', 'response', 'answer']);
  if (answer !== undefined && 'prompt' in fields) return parseCompletion(fields, answer);
  if (answer !== undefined && 'question' in fields)
    return parseChat([user(required(fields, 'question')), assistant(required(fields, answer))], undefined);
  if ('text' in fields) return { text: required(fields, 'text') };
  const names = Object.keys(fields).slice(0, 8).join(', ');
  throw new RowError(
    'unknown_format',
    `expected messages, conversations, instruction, prompt and completion, question and answer, text, or chosen and rejected but received the fields ${names || '(none)'}`,
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

const user = (content: unknown): RawMessage => ({ role: 'user', content });
const assistant = (content: unknown): RawMessage => ({ role: 'assistant', content });

/** Rows with a verdict (KTO): imitating an answer that people marked as bad would teach exactly that. */
function refuseUnwanted(fields: Fields): void {
  const verdict = spelled(fields, ['kto_tag', 'label']);
  if (verdict !== undefined && fields[verdict] === false)
    throw new RowError('unwanted', `the answer is marked as unwanted (${verdict}: false)`);
}

function parseChat(messages: unknown, tools: unknown): ChatRow {
  const parsed = parseMessages(messages);
  const answers = parsed.filter(({ role }) => role === 'assistant');
  if (answers.length === 0) throw new RowError('no_assistant', 'expected at least one message with the role assistant');
  if (answers.every(({ weight }) => weight === 0))
    throw new RowError('all_masked', 'expected an answer to learn from but every assistant message has weight 0');
  const list = toolsOf(tools);
  return { messages: parsed, ...(list.length > 0 ? { tools: list } : {}) };
}

/** `input` is the material that the instruction is about; it is part of the question, and an empty one adds nothing. */
function parseAlpaca(fields: Fields): ChatRow {
  const instruction = required(fields, 'instruction');
  const input = optional(fields, 'input');
  const system = optional(fields, 'system');
  const history = Array.isArray(fields['history']) ? (fields['history'] as (unknown[] | null)[]) : [];
  const messages: RawMessage[] = system === '' ? [] : [{ role: 'system', content: system }];
  for (const turn of history) messages.push(user(turn?.[0]), assistant(turn?.[1]));
  const output = spelled(fields, ['output', 'response']) ?? 'output';
  messages.push(user(input === '' ? instruction : `${instruction}\n\n${input}`), assistant(required(fields, output)));
  return parseChat(messages, undefined);
}

/** The prompt may be messages, and then the completion is the last answer. */
function parseCompletion(fields: Fields, answer: string): Row {
  const { prompt } = fields;
  if (!Array.isArray(prompt)) return { prompt: required(fields, 'prompt'), completion: required(fields, answer) };
  const completion = fields[answer];
  const answers: unknown[] = Array.isArray(completion) ? completion : [assistant(completion)];
  return parseChat([...(prompt as unknown[]), ...answers], fields['tools']);
}
