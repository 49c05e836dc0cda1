import { describe, expect, it } from '@jest/globals';
import { book, ledgers } from '@hone/contracts';
import { readFileSync } from 'node:fs';

const page = readFileSync(new URL('../../docs/guides/words.md', import.meta.url), 'utf8');
const words = [...page.matchAll(/^\| ([a-z]+) \|/gm)]
  .map((match) => match[1] as string)
  .filter((word) => word !== 'word');

describe('the glossary', () => {
  it('explains the noun of every subject', () => {
    const nouns = new Set(book.map((message) => message.subject.split('.')[4] as string));
    expect([...nouns].filter((noun) => !words.includes(noun))).toEqual([]);
  });

  it('explains the key prefixes of every ledger', () => {
    const prefixes = Object.values(ledgers).flatMap(({ summary }) =>
      [...summary.matchAll(/\b([a-z]+)\.</g)].map((match) => match[1] as string),
    );
    expect(prefixes.filter((prefix) => !words.includes(prefix) && prefix !== 'policy')).toEqual([]);
  });

  it('is sorted and explains each word once', () => {
    expect(words).toEqual([...new Set(words)].sort());
  });
});
