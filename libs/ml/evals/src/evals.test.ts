import { describe, expect, it } from '@jest/globals';
import { seeded } from '@hone/base';
import { comparePaired, exactMatch, measure, perplexity, wilson, winRate, type ItemResult } from './index.js';

describe('the Wilson interval', () => {
  // Newcombe, Statistics in Medicine 17 (1998) 857-872, table I, method 3.
  it.each([
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ])('of %d in %d is the published one', (successes, trials, low, high) => {
    const interval = wilson(successes, trials);
    expect(interval.low).toBeCloseTo(low, 4);
    expect(interval.high).toBeCloseTo(high, 4);
  });

  it('of nothing is everything', () => {
    expect(wilson(0, 0)).toEqual({ value: 0, low: 0, high: 1 });
    expect(wilson(20, 20).high).toBe(1);
  });
});

describe('perplexity', () => {
  it('weighs tokens, not answers', () => {
    const scores = [
      { logProb: -2, tokens: 1 },
      { logProb: -9, tokens: 9 },
    ];
    expect(perplexity(scores).value).toBeCloseTo(Math.exp(11 / 10), 12);
  });

  it('has an interval that depends on the seed alone and holds the true value about 95 times in 100', () => {
    const sample = (n: number) => {
      const random = seeded(3, 'sample', n);
      return Array.from({ length: 60 }, () => ({ logProb: -4 * random(), tokens: 1 }));
    };
    expect(perplexity(sample(0), { seed: 5 })).toEqual(perplexity(sample(0), { seed: 5 }));
    const truth = Math.exp(2);
    const hits = Array.from({ length: 100 }, (_, n) => perplexity(sample(n), { seed: n, resamples: 200 })).filter(
      ({ low, high }) => low <= truth && truth <= high,
    ).length;
    expect(hits).toBeGreaterThanOrEqual(88);
  });

  it('of no token is refused', () => {
    expect(() => perplexity([])).toThrow('at least one scored token');
  });
});

describe('exact match', () => {
  it('looks at every character but the white space around the answer', () => {
    expect(exactMatch([' yes ', 'Yes', 'no.'], ['yes', 'yes', 'no']).value).toBeCloseTo(1 / 3);
  });
});

const result = (logProb: number, isExact: boolean): ItemResult => ({ logProb, tokens: 1, answer: '', isExact });

describe('a paired comparison', () => {
  it('sees a small steady gain that two separate intervals would hide', () => {
    const random = seeded(1, 'rows');
    const incumbent = Array.from({ length: 80 }, () => result(-1 - 3 * random(), random() < 0.5));
    const candidate = incumbent.map((one) => ({ ...one, logProb: one.logProb + 0.05 + 0.02 * random() }));
    const { loss, winRate: wins, exactMatch: exact } = comparePaired(candidate, incumbent);
    expect(loss.high).toBeLessThan(0);
    expect(wins.value).toBe(1);
    expect(exact).toEqual({ value: 0, low: 0, high: 0 });
    expect(perplexity(candidate).high).toBeGreaterThan(perplexity(incumbent).low);
  });

  it('calls nothing better when both are the same', () => {
    const rows = Array.from({ length: 30 }, (_, n) => result(-n, n % 2 === 0));
    expect(comparePaired(rows, rows).loss).toEqual({ value: 0, low: 0, high: 0 });
    expect(comparePaired(rows, rows).winRate.value).toBe(0.5);
  });

  it('wants the same rows', () => {
    expect(() => comparePaired([result(0, true)], [])).toThrow('the same rows');
  });

  it('counts a tie as half a win', () => {
    expect(winRate(['win', 'tie', 'loss', 'tie']).value).toBe(0.5);
  });
});

describe('measuring a model', () => {
  const items = [
    { prompt: 'a', answer: 'A' },
    { prompt: 'b', answer: 'B' },
  ];

  it('asks for scores and answers and joins them by row', async () => {
    const model = {
      score: async () => [
        { logProb: -1, tokens: 2 },
        { logProb: -3, tokens: 2 },
      ],
      generate: async (prompts: readonly string[]) => prompts.map((prompt) => (prompt === 'a' ? 'A' : 'x')),
    };
    const measured = await measure(items, model);
    expect(measured.perplexity.value).toBeCloseTo(Math.E);
    expect(measured.exactMatch.value).toBe(0.5);
    expect(measured).toMatchObject({ rows: 2, tokens: 4, items: [{ isExact: true }, { answer: 'x', isExact: false }] });
  });

  it('notices lost rows', async () => {
    await expect(measure(items, { score: async () => [], generate: async () => [] })).rejects.toThrow(
      'expected 2 scores',
    );
  });
});
