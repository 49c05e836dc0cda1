import { describe, type Fields } from './fields.js';
import { RowError } from './row.js';

const roles: Readonly<Record<string, string>> = {
  human: 'user',
  user: 'user',
  gpt: 'assistant',
  assistant: 'assistant',
  system: 'system',
  observation: 'tool',
  tool: 'tool',
  function_call: 'assistant',
};

/** `conversations: [{from, value}]` as messages; the system text may stand beside them. */
export function messagesOfShareGpt(fields: Fields): unknown {
  const turns = fields['conversations'];
  if (!Array.isArray(turns))
    throw new RowError('wrong_type', `expected conversations to be a list but received ${describe(turns)}`);
  const messages = turns.map((turn: Fields | null) => {
    if (turn?.['from'] === 'function_call')
      return { role: 'assistant', content: '', tool_calls: [callIn(turn['value'])] };
    return {
      role: roles[String(turn?.['from'])] ?? turn?.['from'],
      content: turn?.['value'],
      weight: turn?.['weight'],
    };
  });
  const system = fields['system'];
  return typeof system === 'string' && system !== '' ? [{ role: 'system', content: system }, ...messages] : messages;
}

function callIn(value: unknown): unknown {
  const call = typeof value === 'string' ? parsed(value) : value;
  if (call === null || typeof call !== 'object' || !('name' in call))
    throw new RowError('wrong_type', 'expected the value of a function_call to be JSON with a name and arguments');
  return { type: 'function', function: call };
}

/** Tools come as a list or as the JSON text of one. */
export function toolsOf(value: unknown): unknown[] {
  if (value === undefined || value === null || value === '') return [];
  const tools = typeof value === 'string' ? parsed(value) : value;
  if (!Array.isArray(tools))
    throw new RowError('wrong_type', `expected tools to be a list but received ${describe(tools)}`);
  return tools;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
