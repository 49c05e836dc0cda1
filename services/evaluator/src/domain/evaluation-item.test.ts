import { describe, expect, it } from '@jest/globals';
import { chunkBytesMax, chunked, chunkItemsMax, evaluationItem, itemBytes } from './evaluation-item.js';

const user = { role: 'user' as const, content: 'Where is my parcel?' };
const assistant = { role: 'assistant' as const, content: 'On its way.' };

describe('an evaluation item', () => {
  it('is the last answer with everything before it', () => {
    const later = { role: 'assistant' as const, content: 'Tomorrow.' };
    expect(evaluationItem([user, assistant, user, later])).toEqual({
      messages: [user, assistant, user],
      answer: 'Tomorrow.',
    });
  });

  it('passes over answers that are not to be learnt, and rows without any', () => {
    expect(evaluationItem([user, assistant, user, { ...assistant, content: 'x', weight: 0 }])).toEqual({
      messages: [user],
      answer: 'On its way.',
    });
    expect(evaluationItem([user])).toBeUndefined();
    expect(evaluationItem([assistant])).toBeUndefined();
  });
});

describe('chunks of items', () => {
  const item = (bytes: number) => ({ messages: [user], answer: 'a'.repeat(bytes) });

  it('keep the order and hold no more than the bounds', () => {
    const items = Array.from({ length: 200 }, (_, index) => item(index * 37));
    const chunks = chunked(items);
    expect(chunks.flat()).toEqual(items);
    for (const chunk of chunks) {
      expect(chunk.length).toBeLessThanOrEqual(chunkItemsMax);
      expect(chunk.reduce((sum, one) => sum + itemBytes(one), 0)).toBeLessThanOrEqual(chunkBytesMax);
    }
  });

  it('give an item that fits nowhere a chunk of its own', () => {
    expect(chunked([item(10), item(60_000), item(10)]).map((chunk) => chunk.length)).toEqual([1, 1, 1]);
  });

  it('of nothing are none', () => {
    expect(chunked([])).toEqual([]);
  });
});
