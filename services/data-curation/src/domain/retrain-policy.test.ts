import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  decideRetrain,
  newPolicy,
  pendingPairsMax,
  type RetrainPolicy,
  withAttempt,
  withOutcome,
  withPair,
} from './retrain-policy.js';

const settings = { correctionsMin: 3, quietMs: 2000 };

function policyWith(corrections: number, atMs = 1000): RetrainPolicy {
  let policy = newPolicy('desk');
  for (let index = 0; index < corrections; index++) {
    policy = withPair(policy, { feedback: `fb-${index}`, isCorrection: true, wasTried: false }, atMs);
  }
  return policy;
}

function attempted(policy: RetrainPolicy, nowMs = 10_000): RetrainPolicy {
  const decision = decideRetrain(policy, settings, nowMs);
  if (decision.act !== 'retrain') throw new Error(`expected a retraining but it waits: ${decision.reason}`);
  return withAttempt(policy, decision, nowMs);
}

describe('the retrain policy', () => {
  it('waits for enough corrections and says how many there are', () => {
    expect(decideRetrain(policyWith(2), settings, 9999)).toEqual({ act: 'wait', reason: '2 of 3 new corrections' });
  });

  it('does not count praise towards the threshold but learns from it', () => {
    const praised = withPair(policyWith(2), { feedback: 'fb-up', isCorrection: false, wasTried: false }, 1000);
    expect(decideRetrain(praised, settings, 9999).act).toBe('wait');
    const full = withPair(praised, { feedback: 'fb-9', isCorrection: true, wasTried: false }, 1000);
    expect(decideRetrain(full, settings, 9999)).toMatchObject({ act: 'retrain', pairs: { length: 4 } });
  });

  it('waits until corrections stop coming, and says when to look again', () => {
    expect(decideRetrain(policyWith(3), settings, 2999)).toMatchObject({ act: 'wait', atMs: 3000 });
    expect(decideRetrain(policyWith(3), settings, 3000).act).toBe('retrain');
  });

  it('names the job by what it learns from, so deciding twice asks for one job', () => {
    const [first, second] = [
      decideRetrain(policyWith(3), settings, 5000),
      decideRetrain(policyWith(3), settings, 9000),
    ];
    expect(first).toEqual(second);
    expect(decideRetrain(policyWith(4), settings, 9000)).not.toEqual(first);
  });

  it('never starts a second job while one is under way, and collects what comes meanwhile', () => {
    let policy = attempted(policyWith(3));
    for (let index = 10; index < 20; index++) {
      policy = withPair(policy, { feedback: `fb-${index}`, isCorrection: true, wasTried: false }, 20_000);
    }
    expect(decideRetrain(policy, settings, 99_999)).toMatchObject({ act: 'wait' });
    expect(policy.pending).toHaveLength(10);
    const done = withOutcome(policy, policy.attempt?.job ?? '', 'promoted', 'better', 30_000);
    expect(decideRetrain(done, settings, 99_999)).toMatchObject({ act: 'retrain', pairs: { length: 10 } });
  });

  it('ignores a pair that it knows, pending or under way', () => {
    const policy = policyWith(3);
    expect(withPair(policy, { feedback: 'fb-1', isCorrection: true, wasTried: false }, 5000)).toBe(policy);
    const busy = attempted(policy);
    expect(withPair(busy, { feedback: 'fb-1', isCorrection: true, wasTried: false }, 5000)).toBe(busy);
  });

  it('keeps the pairs of a rejected model but asks for as many new ones again', () => {
    const busy = attempted(policyWith(3));
    const rejected = withOutcome(busy, busy.attempt?.job ?? '', 'rejected', 'worse', 20_000);
    expect(rejected.pending).toHaveLength(3);
    expect(decideRetrain(rejected, settings, 99_999)).toEqual({ act: 'wait', reason: '0 of 3 new corrections' });
  });

  it('tries a failed job again after a wait that doubles, under another id', () => {
    const busy = attempted(policyWith(3));
    const failed = withOutcome(busy, busy.attempt?.job ?? '', 'failed', 'disk full', 20_000);
    expect(decideRetrain(failed, settings, 20_001)).toMatchObject({ act: 'wait', atMs: 80_000 });
    const again = attempted(failed, 80_000);
    expect(again.attempt?.job).not.toBe(busy.attempt?.job);
    const twice = withOutcome(again, again.attempt?.job ?? '', 'failed', 'disk full', 100_000);
    expect(decideRetrain(twice, settings, 100_001)).toMatchObject({ act: 'wait', atMs: 220_000 });
  });

  it('ignores the end of a job that is not the one under way', () => {
    const busy = attempted(policyWith(3));
    expect(withOutcome(busy, 'ftjob-other', 'promoted', 'better', 1)).toBe(busy);
  });

  it('loses no pair and counts none twice in any order of events', () => {
    const step = fc.oneof(
      fc.nat(40).map((index) => ({ kind: 'pair' as const, index })),
      fc
        .constantFrom('promoted', 'rejected', 'failed', 'cancelled')
        .map((outcome) => ({ kind: 'end' as const, outcome })),
      fc.constant({ kind: 'look' as const }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        let policy = newPolicy('desk');
        let nowMs = 0;
        const given = new Set<string>();
        const learnt = new Set<string>();
        for (const event of steps) {
          nowMs += 10_000_000;
          if (event.kind === 'pair' && !learnt.has(`fb-${event.index}`)) {
            given.add(`fb-${event.index}`);
            policy = withPair(policy, { feedback: `fb-${event.index}`, isCorrection: true, wasTried: false }, nowMs);
          } else if (event.kind === 'end' && policy.attempt) {
            if (event.outcome === 'promoted') for (const pair of policy.attempt.pairs) learnt.add(pair.feedback);
            policy = withOutcome(policy, policy.attempt.job, event.outcome as 'promoted', 'why', nowMs);
          } else if (event.kind === 'look') {
            const decision = decideRetrain(policy, settings, nowMs);
            if (decision.act === 'retrain') policy = withAttempt(policy, decision, nowMs);
          }
          const held = [...policy.pending, ...(policy.attempt?.pairs ?? [])].map((pair) => pair.feedback);
          expect(new Set(held).size).toBe(held.length);
          expect(held.length + learnt.size).toBe(given.size);
        }
      }),
    );
  });

  it('stays within the bound of a ledger entry, also while as many pairs are under way', () => {
    const idOf = (index: number) => `fb-${String(index).padStart(26, '0')}`;
    let policy = newPolicy('a'.repeat(63));
    const fill = (from: number) => {
      for (let index = from; index < from + pendingPairsMax + 50; index++) {
        policy = withPair(policy, { feedback: idOf(index), isCorrection: true, wasTried: false }, 1000);
      }
    };
    fill(0);
    policy = attempted(policy);
    fill(1000);
    expect(policy.pending).toHaveLength(pendingPairsMax);
    expect(JSON.stringify(policy).length).toBeLessThan(60_000);
  });
});
