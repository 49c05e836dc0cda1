import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { seeded } from '@hone/base';
import { assign, differenceOf, positionOf, pValueOf, summarise } from './index.js';

const even = [
  { name: 'base', weight: 1 },
  { name: 'tuned', weight: 1 },
];
const users = Array.from({ length: 4000 }, (_, n) => `user-${n}`);
const share = (experiment: string, arms: { name: string; weight: number }[], arm: string): number =>
  users.filter((user) => assign(experiment, user, arms).name === arm).length / users.length;

describe('assignment', () => {
  it('is recomputable: these positions never change', () => {
    // The first 48 bits of: printf 'exp\nuser-1' | sha256sum
    expect(positionOf('exp', 'user-1')).toBeCloseTo(0.7516659028179014, 14);
  });

  it('gives each arm its weight', () => {
    expect(share('a', even, 'tuned')).toBeCloseTo(0.5, 1);
    expect(
      share(
        'b',
        [
          { name: 'base', weight: 9 },
          { name: 'tuned', weight: 1 },
        ],
        'tuned',
      ),
    ).toBeCloseTo(0.1, 1);
    expect(
      share(
        'c',
        [
          { name: 'base', weight: 0 },
          { name: 'tuned', weight: 1 },
        ],
        'tuned',
      ),
    ).toBe(1);
  });

  it('moves no user back when the share of the second arm grows', () => {
    const grown = [
      { name: 'base', weight: 1 },
      { name: 'tuned', weight: 3 },
    ];
    for (const user of users)
      if (assign('d', user, even).name === 'tuned') expect(assign('d', user, grown).name).toBe('tuned');
  });

  it('of one experiment says nothing about another', () => {
    const both = users.filter(
      (user) => assign('e', user, even).name === 'tuned' && assign('f', user, even).name === 'tuned',
    );
    expect(both.length / users.length).toBeCloseTo(0.25, 1);
  });

  it('names an arm that has a share, whatever user and weights', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 6 }),
        (user, weights) => {
          fc.pre(weights.some((weight) => weight > 0));
          const arm = assign(
            'g',
            user,
            weights.map((weight, at) => ({ name: `${at}`, weight })),
          );
          expect(arm.weight).toBeGreaterThan(0);
        },
      ),
    );
    expect(() => assign('h', 'u', [{ name: 'base', weight: 0 }])).toThrow('positive sum');
  });
});

describe('the difference of two shares', () => {
  // Newcombe, Statistics in Medicine 17 (1998) 873-890, table II, method 10.
  it.each([
    [56, 70, 48, 80, 0.0524, 0.3339],
    [9, 10, 3, 10, 0.1705, 0.809],
    [5, 56, 0, 29, -0.0381, 0.1926],
    [10, 10, 0, 20, 0.6791, 1],
  ])('%d/%d - %d/%d has the published interval', (a, n, b, m, low, high) => {
    const interval = differenceOf({ successes: a, trials: n }, { successes: b, trials: m });
    expect(interval.low).toBeCloseTo(low, 4);
    expect(interval.high).toBeCloseTo(high, 4);
  });

  it('is called significant about once in twenty when there is none', () => {
    const rounds = 2000;
    let alarms = 0;
    for (let round = 0; round < rounds; round++) {
      const random = seeded(9, 'a-a', round);
      const votes = () => Array.from({ length: 200 }, () => random() < 0.4).filter(Boolean).length;
      if (pValueOf({ successes: votes(), trials: 200 }, { successes: votes(), trials: 200 }) < 0.05) alarms++;
    }
    expect(alarms / rounds).toBeLessThan(0.065);
    expect(alarms / rounds).toBeGreaterThan(0.03);
  });
});

describe('a summary', () => {
  it('compares each arm with the first', () => {
    const { arms, sampleRatioPValue } = summarise([
      { arm: 'base', weight: 1, successes: 40, trials: 100 },
      { arm: 'tuned', weight: 1, successes: 70, trials: 110 },
    ]);
    expect(arms[0]).not.toHaveProperty('difference');
    expect(arms[1]?.difference?.low).toBeGreaterThan(0);
    expect(arms[1]?.pValue).toBeLessThan(0.01);
    expect(sampleRatioPValue).toBeGreaterThan(0.05);
  });

  it('raises the alarm when the split is not what was assigned', () => {
    const counts = (trials: number) => ({ weight: 1, successes: 0, trials });
    const { sampleRatioPValue } = summarise([
      { arm: 'base', ...counts(900) },
      { arm: 'tuned', ...counts(1100) },
    ]);
    expect(sampleRatioPValue).toBeLessThan(0.001);
  });

  it('of no votes has no difference', () => {
    const { arms } = summarise([
      { arm: 'base', weight: 1, successes: 0, trials: 0 },
      { arm: 'tuned', weight: 1, successes: 1, trials: 1 },
    ]);
    expect(arms[1]).not.toHaveProperty('difference');
  });
});
