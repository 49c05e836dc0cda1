import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { createChatCompletion, expectationOf } from './index.js';

const wanted = (schema: z.ZodType, value: unknown): string => {
  const issue = schema.safeParse(value).error?.issues[0];
  if (issue === undefined) throw new Error('expected a refused value');
  return expectationOf(issue);
};

describe('what a schema expected', () => {
  it.each([
    [z.number().max(2), 9, 'a number of at most 2'],
    [z.number().min(0), -1, 'a number of at least 0'],
    [z.number().positive(), 0, 'a number above 0'],
    [z.int().lt(5), 5, 'a number below 5'],
    [z.int(), 1.5, 'a whole number'],
    [z.string(), 1, 'a string'],
    [z.array(z.string()), {}, 'an array'],
    [z.record(z.string(), z.string()), 3, 'an object'],
    [z.string().max(3), 'four', 'at most 3 characters'],
    [z.string().min(1), '', 'at least 1 character'],
    [z.array(z.int()).max(4), [1, 2, 3, 4, 5], 'at most 4 items'],
    [z.array(z.int()).length(2), [1], 'exactly 2 items'],
    [z.enum(['up', 'down']), 'left', 'one of "up", "down"'],
    [z.literal('text'), 'json', '"text"'],
    [z.literal('text', { message: '"text" alone' }), 'json', '"text" alone'],
    [z.string().regex(/^a+$/), 'b', 'text that matches /^a+$/'],
    [z.number().multipleOf(4), 3, 'a multiple of 4'],
    [z.union([z.string(), z.array(z.string())]), 3, 'a string or an array'],
    [z.strictObject({}), { x: 1 }, 'no field x'],
  ])('is said in words that fit into a sentence, case %#', (schema: z.ZodType, value, words) => {
    expect(wanted(schema, value)).toBe(words);
  });

  it('is said so for a temperature that is too high', () => {
    const body = { model: 'm', messages: [{ role: 'user', content: 'hi' }], temperature: 9 };
    expect(wanted(createChatCompletion.body as z.ZodType, body)).toBe('a number of at most 2');
  });
});
