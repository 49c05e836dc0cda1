import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseLine, parseRow, RowError } from './index.js';

const user = { role: 'user', content: 'where is it' };
const assistant = { role: 'assistant', content: 'on its way' };

describe('formats', () => {
  it.each([
    ['chat', { messages: [user, assistant] }, { messages: [user, assistant] }],
    [
      'alpaca',
      { instruction: 'add', input: '1 and 2', output: '3' },
      {
        messages: [
          { role: 'user', content: 'add\n\n1 and 2' },
          { role: 'assistant', content: '3' },
        ],
      },
    ],
    [
      'alpaca without input',
      { instruction: 'add', input: '', output: '3' },
      {
        messages: [
          { role: 'user', content: 'add' },
          { role: 'assistant', content: '3' },
        ],
      },
    ],
    [
      'alpaca with system and history',
      { instruction: 'b', output: 'B', system: 's', history: [['a', 'A']] },
      {
        messages: [
          { role: 'system', content: 's' },
          { role: 'user', content: 'a' },
          { role: 'assistant', content: 'A' },
          { role: 'user', content: 'b' },
          { role: 'assistant', content: 'B' },
        ],
      },
    ],
    [
      'sharegpt',
      {
        conversations: [
          { from: 'human', value: 'hi' },
          { from: 'gpt', value: 'yes' },
        ],
      },
      {
        messages: [
          { role: 'user', content: 'hi' },
          { role: 'assistant', content: 'yes' },
        ],
      },
    ],
    ['prompt and completion', { prompt: 'a ->', completion: ' b' }, { prompt: 'a ->', completion: ' b' }],
    ['plain text', { text: 'once' }, { text: 'once' }],
    [
      'preference',
      { prompt: 'q', chosen: 'good', rejected: 'bad' },
      { messages: [{ role: 'user', content: 'q' }], chosen: 'good', rejected: 'bad' },
    ],
    [
      'preference of the OpenAI API',
      {
        input: { messages: [user] },
        preferred_output: [assistant],
        non_preferred_output: [{ role: 'assistant', content: 'no' }],
      },
      { messages: [user], chosen: 'on its way', rejected: 'no' },
    ],
    [
      'a developer message',
      { messages: [{ role: 'developer', content: 's' }, user, assistant] },
      { messages: [{ role: 'system', content: 's' }, user, assistant] },
    ],
    [
      'text parts',
      { messages: [{ role: 'user', content: [{ type: 'text', text: 'where is it' }] }, assistant] },
      { messages: [user, assistant] },
    ],
    [
      'a preference of two conversations',
      {
        chosen: '\n\nHuman: hi\n\nAssistant: yes?\n\nHuman: q\n\nAssistant: good',
        rejected: '\n\nHuman: hi\n\nAssistant: yes?\n\nHuman: q\n\nAssistant: bad',
      },
      {
        messages: [
          { role: 'user', content: 'hi' },
          { role: 'assistant', content: 'yes?' },
          { role: 'user', content: 'q' },
        ],
        chosen: 'good',
        rejected: 'bad',
      },
    ],
    [
      'question and answer',
      { question: 'q', answer: 'a' },
      {
        messages: [
          { role: 'user', content: 'q' },
          { role: 'assistant', content: 'a' },
        ],
      },
    ],
    [
      'a tool call of ShareGPT',
      {
        conversations: [
          { from: 'human', value: 'h' },
          { from: 'function_call', value: '{"name":"f","arguments":{}}' },
          { from: 'observation', value: '1' },
          { from: 'gpt', value: 'one' },
        ],
        tools: '[{"name":"f"}]',
      },
      {
        messages: [
          { role: 'user', content: 'h' },
          {
            role: 'assistant',
            content: '',
            tool_calls: [{ type: 'function', function: { name: 'f', arguments: {} } }],
          },
          { role: 'tool', content: '1' },
          { role: 'assistant', content: 'one' },
        ],
        tools: [{ name: 'f' }],
      },
    ],
  ])('%s becomes the internal row', (_name, value, row) => {
    expect(parseRow(value)).toEqual(row);
  });

  it('keep the weight of an answer', () => {
    expect(parseRow({ messages: [user, { ...assistant, weight: 0 }, user, assistant] })).toMatchObject({
      messages: [{}, { weight: 0 }, {}, {}],
    });
  });
});

describe('a refused row says why', () => {
  it.each([
    ['not_json', '{"messages": [', 'expected JSON'],
    ['wrong_type', '[1]', 'expected a JSON object but received a list'],
    ['wrong_type', '{"messages": "hi"}', 'messages to be a list'],
    ['unknown_format', '{"question": "a", "reply": "b"}', 'received the fields question, reply'],
    ['empty', '{"messages": []}', 'at least one message'],
    [
      'empty',
      '{"messages": [{"role":"user","content":" "},{"role":"assistant","content":"a"}]}',
      'messages[0].content',
    ],
    ['no_assistant', '{"messages": [{"role":"user","content":"hi"}]}', 'role assistant'],
    [
      'all_masked',
      '{"messages": [{"role":"user","content":"hi"},{"role":"assistant","content":"a","weight":0}]}',
      'weight 0',
    ],
    ['wrong_role', '{"messages": [{"role":"asistant","content":"hi"}]}', 'did you mean assistant?'],
    ['wrong_role', '{"messages": [{"role":"assistant","content":"hi"}]}', 'expected a user message before'],
    ['wrong_role', '{"messages": [{"role":"user","content":"a"},{"role":"system","content":"b"}]}', 'to come first'],
    ['wrong_type', '{"messages": [{"role":"user","content":5}]}', 'messages[0].content to be text'],
    [
      'wrong_type',
      '{"messages": [{"role":"user","content":"a"},{"role":"assistant","content":"b","weight":0.5}]}',
      'weight to be 0 or 1',
    ],
    [
      'unwanted',
      '{"messages": [{"role":"user","content":"a"},{"role":"assistant","content":"b"}], "label": false}',
      'unwanted',
    ],
    ['unknown_format', '{"chosen": "a", "rejected": "b"}', 'expected a prompt beside chosen'],
    ['equal_answers', '{"prompt": "q", "chosen": "a", "rejected": "a"}', 'differ'],
    ['empty', '{"instruction": "a", "output": ""}', 'output to have text'],
  ])('%s: %s', (code, line, reason) => {
    expect.assertions(2);
    try {
      parseLine(line);
    } catch (error) {
      expect(error).toMatchObject({ code });
      expect((error as Error).message).toContain(reason);
    }
  });

  it('and never breaks the reader, whatever JSON comes', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.json(), fc.string()),
        fc.constantFrom('messages', 'conversations', 'instruction', 'prompt', 'chosen'),
        (json, field) => {
          for (const line of [json, `{"${field}": ${json}, "completion": "x", "rejected": "y", "output": "z"}`])
            try {
              parseLine(line);
            } catch (error) {
              expect(error).toBeInstanceOf(RowError);
            }
        },
      ),
      { numRuns: 500 },
    );
  });
});
