import { describe, expect, it } from '@jest/globals';
import { overload, tokensCounted } from './admission.js';

const limits = { waitingMax: 4, waitingTokensMax: 1000 };
const idle = { waiting: 0, waitingTokens: 0, slotsFree: 2, tokensPerSecond: 100 };

describe('the queue', () => {
  it('takes as many sequences as may run and wait, and not one more', () => {
    expect(overload(idle, 6, 60, limits)).toBeUndefined();
    expect(overload(idle, 7, 70, limits)).toMatchObject({ code: 'overloaded', status: 429, retryAfterSeconds: 1 });
  });

  it('counts prompt tokens and asked-for tokens, but lets a single long request wait alone', () => {
    const busy = { waiting: 1, waitingTokens: 600, slotsFree: 0, tokensPerSecond: 100 };
    expect(overload(busy, 1, tokensCounted(300, 50), limits)).toBeUndefined();
    expect(overload(busy, 1, tokensCounted(300, 5000), limits)).toMatchObject({ retryAfterSeconds: 12 });
    expect(overload(idle, 1, tokensCounted(5000, 10), limits)).toBeUndefined();
  });

  it('tells to come back within a minute, however slow it is', () => {
    const slow = { waiting: 4, waitingTokens: 900, slotsFree: 0, tokensPerSecond: 1 };
    expect(overload(slow, 1, 500, limits)).toMatchObject({ retryAfterSeconds: 60 });
  });
});
