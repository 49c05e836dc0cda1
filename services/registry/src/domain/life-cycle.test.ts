import { exampleDigest, type AliasEntry, type EvaluationEntry, type ModelEntry } from '@hone/contracts';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type AdapterState, advance, decide, isDecidedBy, leadsTo } from './life-cycle.js';

const candidate: ModelEntry = {
  name: 'ft:tiny:hone:desk:2',
  kind: 'adapter',
  manifest: exampleDigest,
  fingerprint: exampleDigest,
  createdAt: 1,
  base: 'tiny',
  state: 'candidate',
  alias: 'desk',
  evidence: [],
};
const evaluation: EvaluationEntry = {
  id: 'eval-1',
  status: 'succeeded',
  candidate: candidate.name,
  incumbent: 'ft:tiny:hone:desk:1',
  createdAt: 1,
  results: [],
  verdict: 'better',
  reason: 'loss -0.5',
};
const alias: AliasEntry = { name: 'desk', model: 'ft:tiny:hone:desk:1', reason: 'x', movedAt: 1 };

describe('the decision on a candidate', () => {
  it('promotes what is better than the model that the alias stands for', () => {
    expect(decide(candidate, evaluation, alias)).toEqual({ state: 'promoted', reason: 'loss -0.5' });
  });

  it('promotes over the base when the alias was never moved', () => {
    expect(decide(candidate, { ...evaluation, incumbent: 'tiny' }, undefined).state).toBe('promoted');
  });

  it.each(['worse', 'inconclusive'] as const)('rejects what is %s', (verdict) => {
    expect(decide(candidate, { ...evaluation, verdict }, alias).state).toBe('rejected');
  });

  it('rejects a verdict against a model that was replaced meanwhile', () => {
    const moved = { ...alias, model: 'ft:tiny:hone:desk:9' };
    const decision = decide(candidate, evaluation, moved);
    expect(decision.state).toBe('rejected');
    expect(decision.reason).toContain('desk is ft:tiny:hone:desk:9 now');
  });

  it('stands by a promotion whose alias has moved already', () => {
    expect(decide(candidate, evaluation, { ...alias, model: candidate.name }).state).toBe('promoted');
  });

  it('rejects a candidate whose evaluation failed, with the reason', () => {
    const failed = {
      ...evaluation,
      status: 'failed' as const,
      error: { kind: 'fault' as const, code: 'x', message: 'no rows', status: 503 },
    };
    expect(decide(candidate, failed, alias)).toEqual({ state: 'rejected', reason: 'the evaluation failed: no rows' });
  });

  it('leaves a model without an alias evaluated', () => {
    const loose = { ...candidate };
    delete loose.alias;
    expect(decide(loose, evaluation, undefined).state).toBe('evaluated');
  });
});

describe('the life-cycle', () => {
  const states: AdapterState[] = ['candidate', 'evaluated', 'promoted', 'superseded', 'rejected', 'rolled-back'];

  it('appends the evidence of every change, and never takes an arrow that does not exist', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...states), { maxLength: 20 }), (walk) => {
        let entry = candidate;
        for (const [index, state] of walk.entries()) {
          const evidence = { evaluation: `eval-${index}`, reason: 'why', at: index };
          if (!leadsTo(entry.state ?? 'candidate', state)) {
            expect(() => advance(entry, state, evidence)).toThrow('expected one of');
            continue;
          }
          const next = advance(entry, state, evidence);
          expect(next.evidence).toHaveLength(entry.evidence.length + 1);
          expect(next.evidence.at(-1)).toMatchObject({ state, evaluation: `eval-${index}` });
          entry = next;
        }
        expect(entry.evidence.at(-1)?.state ?? 'candidate').toBe(entry.state);
      }),
    );
  });

  it('knows a decision that was taken already, so that a redelivery repeats its outcome', () => {
    const promoted = advance(candidate, 'promoted', { evaluation: 'eval-1', reason: 'better', at: 2 });
    expect(isDecidedBy(candidate, 'eval-1')).toBeUndefined();
    expect(isDecidedBy(promoted, 'eval-1')).toEqual({ state: 'promoted', reason: 'better' });
    expect(isDecidedBy(promoted, 'eval-2')).toBeUndefined();
    const rolledBack = advance(promoted, 'rolled-back', { reason: 'by hand', at: 3 });
    expect(isDecidedBy(rolledBack, 'eval-1')).toEqual({ state: 'promoted', reason: 'better' });
  });
});
