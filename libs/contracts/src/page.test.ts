import { describe, expect, it } from '@jest/globals';
import { messageBytesMax, newestFirst, pageOf } from './index.js';

const items = Array.from({ length: 5 }, (_, index) => ({ id: `i-${index}`, createdAt: 10 - index }));

describe('a page of a list', () => {
  it('goes on after the item that the last page ended with', () => {
    const first = pageOf(items, { limit: 2 });
    expect(first).toEqual({ data: items.slice(0, 2), hasMore: true });
    expect(pageOf(items, { after: 'i-1', limit: 3 })).toEqual({ data: items.slice(2), hasMore: false });
  });

  it('ends before it is too large for a message', () => {
    const large = Array.from({ length: 100 }, (_, index) => ({ id: `i-${index}`, text: 'x'.repeat(2000) }));
    const { data, hasMore } = pageOf(large);
    expect(hasMore).toBe(true);
    expect(Buffer.byteLength(JSON.stringify(data))).toBeLessThan(messageBytesMax);
  });

  it('is newest first, and by id within a second', () => {
    const mixed = [
      { id: 'b', createdAt: 1 },
      { id: 'a', createdAt: 2 },
      { id: 'c', createdAt: 1 },
    ];
    expect(newestFirst(mixed).map(({ id }) => id)).toEqual(['a', 'c', 'b']);
  });
});
