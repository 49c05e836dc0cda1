import { describe, expect, it } from '@jest/globals';
import { reachVerdict } from './verdict.js';

const even = { value: 0, low: -0.1, high: 0.1 };
const lower = { value: -0.5, low: -0.7, high: -0.3 };
const higher = { value: 0.5, low: 0.3, high: 0.7 };

describe('the verdict', () => {
  it.each([
    ['better', 'the loss is lower and the answers hold', lower, even],
    ['better', 'both are better', lower, higher],
    ['worse', 'the loss is higher', higher, even],
    ['worse', 'the loss is lower but fewer answers are exact', lower, lower],
    ['inconclusive', 'the interval of the loss holds zero', even, higher],
    ['inconclusive', 'the interval of the loss touches zero', { value: -0.1, low: -0.2, high: 0 }, even],
  ] as const)('is %s when %s', (verdict, _case, loss, exactMatch) => {
    expect(reachVerdict({ loss, exactMatch, rows: 60 }).verdict).toBe(verdict);
  });

  it('is inconclusive on a handful of rows however clear they look', () => {
    expect(reachVerdict({ loss: lower, exactMatch: higher, rows: 7 })).toMatchObject({ verdict: 'inconclusive' });
    expect(reachVerdict({ loss: lower, exactMatch: higher, rows: 8 })).toMatchObject({ verdict: 'better' });
  });

  it('says its numbers', () => {
    expect(reachVerdict({ loss: lower, exactMatch: even, rows: 60 }).reason).toBe(
      'loss -0.500 [-0.700, -0.300] nats per token, exact match +0.000 [-0.100, +0.100] on 60 rows',
    );
  });
});
