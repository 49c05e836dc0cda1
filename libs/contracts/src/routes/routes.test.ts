import { describe, expect, it } from '@jest/globals';
import { book } from '../book.js';
import { busMessage, createChatCompletion, createCompletion, createFineTuningJob, routes } from './index.js';

const hello = { model: 'hone-tiny', messages: [{ role: 'user', content: 'Hi' }] };
const chatIssues = (extra: object) =>
  (createChatCompletion.body?.safeParse({ ...hello, ...extra }).error?.issues ?? []).map(
    (issue) => issue.path.join('.') || (issue.code === 'unrecognized_keys' ? issue.keys.join() : ''),
  );

describe('the routes of the book', () => {
  it('have unique operation ids and unique methods with paths', () => {
    expect(new Set(routes.map((route) => route.operationId)).size).toBe(routes.length);
    expect(new Set(routes.map((route) => `${route.method} ${route.path}`)).size).toBe(routes.length);
  });

  it.each(routes.map((route) => [route.operationId, route] as const))(
    '%s asks only messages of the book that the gateway may ask',
    (_, route) => {
      for (const call of route.calls) {
        expect(book).toContain(call);
        expect(call.peers).toContain('gateway');
      }
    },
  );

  it('name every parameter of their path in their schema', () => {
    for (const { path, params, operationId } of routes) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
      const known = params && 'shape' in params ? Object.keys(params.shape as object) : [];
      expect({ operationId, known }).toEqual({ operationId, known: inPath });
    }
  });
});

describe('a chat request', () => {
  it('accepts harmless fields of the OpenAI API', () => {
    const harmless = { user: 'u', metadata: { a: 'b' }, store: false, service_tier: 'auto', stream: true };
    const nothing = { tools: [], tool_choice: 'none', response_format: { type: 'text' }, audio: null, n: null };
    expect(chatIssues({ ...harmless, ...nothing, stream_options: { include_usage: true } })).toEqual([]);
  });

  it.each([
    [{ tools: [{ type: 'function' }] }, 'tools'],
    [{ response_format: { type: 'json_schema' } }, 'response_format.type'],
    [{ n: 17 }, 'n'],
    [{ top_logprobs: 3 }, 'top_logprobs'],
    [{ temprature: 1 }, 'temprature'],
    [{ messages: [123] }, 'messages.0'],
    [{ messages: [{ role: 'user', content: [{ type: 'image_url' }] }] }, 'messages.0.content'],
  ])('that cannot be honoured is refused by field: %j', (extra, field) => {
    expect(chatIssues(extra)).toContain(field);
  });

  it('joins text parts and takes a developer for the system', () => {
    const parts = [
      { type: 'text' as const, text: 'What is' },
      { type: 'text' as const, text: 'the best book' },
    ];
    expect(busMessage({ role: 'developer', content: parts })).toEqual({
      role: 'system',
      content: 'What is\nthe best book',
    });
  });
});

describe('other requests', () => {
  it('take prompts as text, texts, token ids and lists of token ids', () => {
    for (const prompt of ['a', ['a', 'b'], [1, 2], [[1], [2, 3]]])
      expect(createCompletion.body?.safeParse({ model: 'm', prompt }).success).toBe(true);
    expect(createCompletion.body?.safeParse({ model: 'm', prompt: [1, 'a'] }).success).toBe(false);
  });

  it('refuse methods that are not built', () => {
    const job = { model: 'hone-tiny', training_file: 'file-01' };
    const issues = createFineTuningJob.body?.safeParse({ ...job, method: { type: 'dpo' } }).error?.issues;
    expect(issues?.[0]?.path).toEqual(['method', 'type']);
  });
});
