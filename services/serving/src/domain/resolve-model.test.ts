import { describe, expect, it } from '@jest/globals';
import type { ExperimentEntry, ModelEntry } from '@hone/contracts';
import { assign } from '@hone/experiments';
import fc from 'fast-check';
import { resolveModel } from './resolve-model.js';
import { changed, emptySnapshot, type Snapshot } from './snapshot.js';

const digest = (letter: string) => `sha256:${letter.repeat(64)}` as const;
const base: ModelEntry = {
  name: 'tiny',
  kind: 'base',
  manifest: digest('a'),
  fingerprint: digest('b'),
  createdAt: 1,
  evidence: [],
};
const adapter = (name: string, fingerprint = base.fingerprint): ModelEntry => ({
  ...base,
  name,
  kind: 'adapter',
  base: 'tiny',
  manifest: digest('c'),
  fingerprint,
});

function snapshotOf(models: ModelEntry[], alias?: string, experiment?: ExperimentEntry): Snapshot {
  let snapshot = emptySnapshot;
  for (const model of models) snapshot = changed(snapshot, 'models', model.name, model);
  if (alias)
    snapshot = changed(snapshot, 'aliases', 'desk', { name: 'desk', model: alias, reason: 'test', movedAt: 1 });
  if (experiment) snapshot = changed(snapshot, 'experiments', experiment.name, experiment);
  return snapshot;
}

const trial = (status: 'running' | 'concluded'): ExperimentEntry => ({
  name: 'trial',
  alias: 'desk',
  arms: [
    { name: 'control', model: 'ft:one', weight: 3 },
    { name: 'treatment', model: 'ft:two', weight: 1 },
  ],
  status,
  createdAt: 1,
  votes: {},
});

const models = [base, adapter('ft:one'), adapter('ft:two')];

describe('a model name', () => {
  it('means that model, whatever experiments run', () => {
    const snapshot = snapshotOf(models, 'ft:one', trial('running'));
    expect(resolveModel(snapshot, 'ft:two', 'user', assign)).toEqual({ model: models[2], base });
    expect(resolveModel(snapshot, 'tiny', 'user', assign)).toEqual({ model: base, base });
  });

  it('that nobody knows is refused with the nearest one', () => {
    expect(() => resolveModel(snapshotOf(models, 'ft:one'), 'desc', 'user', assign)).toThrow('did you mean "desk"');
    expect(() => resolveModel(emptySnapshot, 'tiny', 'user', assign)).toThrow('import a base model first');
  });

  it('of an adapter is refused over a base with another content', () => {
    const strange = snapshotOf([base, adapter('ft:one', digest('d'))]);
    expect(() => resolveModel(strange, 'ft:one', 'user', assign)).toThrow(/expected the base with fingerprint.*fix/);
  });
});

describe('an alias', () => {
  it('means its model when no experiment runs on it', () => {
    const snapshot = snapshotOf(models, 'ft:one', trial('concluded'));
    expect(resolveModel(snapshot, 'desk', 'user', assign)).toEqual({ model: models[1], base, alias: 'desk' });
  });

  it('gives each user the same arm every time, in shares near the weights', () => {
    const snapshot = snapshotOf(models, 'ft:one', trial('running'));
    fc.assert(
      fc.property(fc.string(), (user) => {
        const first = resolveModel(snapshot, 'desk', user, assign);
        expect(resolveModel(snapshot, 'desk', user, assign)).toEqual(first);
        expect(first.model.name).toBe(first.arm === 'control' ? 'ft:one' : 'ft:two');
      }),
    );
    const arms = Array.from({ length: 4000 }, (_, user) => resolveModel(snapshot, 'desk', `u${user}`, assign).arm);
    const share = arms.filter((arm) => arm === 'control').length / arms.length;
    expect(Math.abs(share - 0.75)).toBeLessThan(0.04);
  });

  it('whose model has not been heard of yet is a fault that a retry mends', () => {
    const snapshot = snapshotOf([base], 'ft:one');
    expect(() => resolveModel(snapshot, 'desk', 'user', assign)).toThrow('is not there yet; fix: ask again');
  });
});
