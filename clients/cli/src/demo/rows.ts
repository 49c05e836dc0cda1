import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { supportDesk } from '../checkout.js';

const message = z.object({ role: z.enum(['system', 'user', 'assistant']), content: z.string() });
const chatRow = z.object({ messages: z.array(message).min(2) });
const correctionRow = z.object({ prompt: z.string(), correction: z.string() });

export const fileOf = (name: 'train' | 'heldout' | 'corrections'): string => join(supportDesk, `${name}.jsonl`);

const linesOf = (name: 'train' | 'heldout' | 'corrections'): unknown[] =>
  readFileSync(fileOf(name), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown);

export interface Question {
  messages: z.output<typeof message>[];
  answer: string;
}

/** Questions of one turn from the training rows, with the answer that the desk gives. */
export function knownQuestions(count: number): Question[] {
  const rows = linesOf('train').map((line) => chatRow.parse(line));
  const short = rows.filter(({ messages }) => messages.filter(({ role }) => role === 'user').length === 1);
  const stride = Math.max(1, Math.floor(short.length / count));
  return short
    .filter((_, index) => index % stride === 0)
    .slice(0, count)
    .map(({ messages }) => ({ messages: messages.slice(0, -1), answer: messages.at(-1)?.content ?? '' }));
}

/** Questions about topics that the training rows do not know, with the answer that a person wrote. */
export const newQuestions = (): Question[] =>
  linesOf('corrections').map((line) => {
    const { prompt, correction } = correctionRow.parse(line);
    return { messages: [{ role: 'user', content: prompt }], answer: correction };
  });

export const rowsOf = (name: 'train' | 'heldout'): number => linesOf(name).length;
