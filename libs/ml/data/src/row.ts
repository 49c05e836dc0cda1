/** A message of a conversation; `weight` 0 keeps an answer out of the loss. */
export interface Message {
  role: 'system' | 'user' | 'assistant' | 'tool';
  content: string;
  name?: string;
  weight?: 0 | 1;
  tool_calls?: unknown[];
  tool_call_id?: string;
}

/** The one internal form of all formats: what a row is, is seen from its fields, so a stored row reads like its source. */
export type Row = ChatRow | CompletionRow | TextRow | PreferenceRow;

export interface ChatRow {
  messages: Message[];
  tools?: unknown[];
}

export interface CompletionRow {
  prompt: string;
  completion: string;
}

export interface TextRow {
  text: string;
}

/** Two answers to one conversation, of which people prefer the first. */
export interface PreferenceRow {
  messages: Message[];
  chosen: string;
  rejected: string;
}

export type RowKind = 'chat' | 'completion' | 'text' | 'preference';

export function kindOf(row: Row): RowKind {
  if ('chosen' in row) return 'preference';
  if ('messages' in row) return 'chat';
  return 'text' in row ? 'text' : 'completion';
}

/** Where a row comes from: a line of a file, or a vote. */
export interface Origin {
  file?: string;
  line: number;
}

/** A row that was not taken, and why. `code` is for programs, `reason` for people. */
export interface Refusal extends Origin {
  code: RefusalCode;
  reason: string;
}

export type RefusalCode =
  | 'not_json'
  | 'not_utf8'
  | 'line_too_long'
  | 'unknown_format'
  | 'wrong_type'
  | 'wrong_role'
  | 'empty'
  | 'no_assistant'
  | 'all_masked'
  | 'too_long'
  | 'equal_answers'
  | 'unwanted'
  | 'duplicate'
  | 'near_duplicate'
  | 'evaluation_overlap';

/** Thrown inside the parsers and caught per row, so that one bad row never ends a file. */
export class RowError extends Error {
  readonly code: RefusalCode;

  constructor(code: RefusalCode, reason: string) {
    super(reason);
    this.code = code;
  }
}

/** Every text of a row with the function that replaces it; cleaning and redaction go through here. */
export function mapTexts(row: Row, change: (text: string) => string): Row {
  if ('text' in row) return { ...row, text: change(row.text) };
  if ('completion' in row) return { ...row, prompt: change(row.prompt), completion: change(row.completion) };
  const messages = row.messages.map((message) => ({ ...message, content: change(message.content) }));
  if (!('chosen' in row)) return { ...row, messages };
  return { ...row, messages, chosen: change(row.chosen), rejected: change(row.rejected) };
}

/** What the model is asked, without the answer: the part that must not occur in an evaluation. */
export function promptOf(row: Row): string {
  if ('text' in row) return row.text;
  if ('completion' in row) return row.prompt;
  return row.messages
    .filter(({ role }) => role === 'user')
    .map(({ content }) => content)
    .join('\n');
}

/** All words of a row in order, for comparison with other rows. */
export function textOf(row: Row): string {
  const texts: string[] = [];
  mapTexts(row, (text) => {
    texts.push(text);
    return text;
  });
  return texts.join('\n');
}
