import { describe, expect, it } from '@jest/globals';
import { movedAlias, isRollback } from './alias.js';
import {
  concludedExperiment,
  countedVote,
  countedVotesMax,
  isSameExperiment,
  shownExperiment,
  startedExperiment,
} from './experiment.js';

const base = { name: 'base', model: 'tiny', weight: 1 };
const tuned = { name: 'tuned', model: 'ft:tiny:hone:desk:1', weight: 1 };
const arms = [base, tuned];
const wanted = { name: 'first-light', alias: 'desk', arms };

describe('an experiment', () => {
  it('starts with every arm at zero votes', () => {
    expect(startedExperiment(wanted, 5)).toMatchObject({
      status: 'running',
      createdAt: 5,
      votes: { base: { up: 0, down: 0 }, tuned: { up: 0, down: 0 } },
    });
  });

  it('refuses two arms of one name', () => {
    expect(() => startedExperiment({ ...wanted, arms: [base, base] }, 5)).toThrow('a different name for each arm');
  });

  it('counts each vote once however often it is delivered', () => {
    let entry = startedExperiment(wanted, 5);
    for (const feedback of ['fb-1', 'fb-2', 'fb-1', 'fb-2', 'fb-1']) {
      entry = countedVote(entry, { feedback, arm: 'tuned', rating: 'up' });
    }
    expect(entry.votes).toEqual({ base: { up: 0, down: 0 }, tuned: { up: 2, down: 0 } });
    expect(countedVote(entry, { feedback: 'fb-3', arm: 'ghost', rating: 'up' })).toBe(entry);
  });

  it('keeps a bounded number of counted ids and shows none of them', () => {
    let entry = startedExperiment(wanted, 5);
    for (let index = 0; index < countedVotesMax + 10; index++) {
      entry = countedVote(entry, { feedback: `fb-${index}`, arm: 'base', rating: 'down' });
    }
    expect(entry.votes['base']).toEqual({ up: 0, down: countedVotesMax + 10 });
    expect(entry['counted']).toHaveLength(countedVotesMax);
    expect(shownExperiment(entry)).not.toHaveProperty('counted');
  });

  it('is the same wish only with the same arms', () => {
    const entry = startedExperiment(wanted, 5);
    expect(isSameExperiment(entry, wanted)).toBe(true);
    expect(isSameExperiment(entry, { ...wanted, alias: 'other' })).toBe(false);
    expect(isSameExperiment(entry, { ...wanted, arms: [base, { ...tuned, weight: 3 }] })).toBe(false);
  });

  it('is concluded once, with its first reason', () => {
    const once = concludedExperiment(startedExperiment(wanted, 5), 'enough votes', 9);
    expect(concludedExperiment(once, 'again', 10)).toBe(once);
    expect(once).toMatchObject({ status: 'concluded', concludedAt: 9, reason: 'enough votes' });
  });
});

describe('an alias', () => {
  const first = movedAlias(undefined, { name: 'desk', model: 'a', reason: 'first', at: 1 });

  it('keeps the model that it left', () => {
    expect(first).not.toHaveProperty('previous');
    expect(movedAlias(first, { name: 'desk', model: 'b', reason: 'better', at: 2, evaluation: 'eval-1' })).toEqual({
      name: 'desk',
      model: 'b',
      previous: 'a',
      reason: 'better',
      movedAt: 2,
      evaluation: 'eval-1',
    });
  });

  it('does not change when it is moved to where it is', () => {
    expect(movedAlias(first, { name: 'desk', model: 'a', reason: 'again', at: 9 })).toBe(first);
  });

  it('is rolled back only to the model before', () => {
    const second = movedAlias(first, { name: 'desk', model: 'b', reason: 'better', at: 2 });
    expect(isRollback(second, 'a')).toBe(true);
    expect(isRollback(second, 'c')).toBe(false);
    expect(isRollback(undefined, 'a')).toBe(false);
  });
});
