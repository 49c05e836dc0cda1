import { digestOf } from '@hone/base';
import { z } from 'zod';

/** A vote that has become a pair and waits to be learnt from. */
const pendingPair = z.object({
  feedback: z.string(),
  /** A person wrote the better answer: only such pairs count towards the threshold. */
  isCorrection: z.boolean(),
  /** A retraining that used it was rejected or cancelled: it is used again, but does not count again. */
  wasTried: z.boolean(),
});
export type PendingPair = z.output<typeof pendingPair>;

const retrainAttempt = z.object({
  job: z.string(),
  pairs: z.array(pendingPair),
  reason: z.string(),
  since: z.number(),
  /** The trainer has the job; until then a restart asks again. */
  isAsked: z.boolean(),
});
export type RetrainAttempt = z.output<typeof retrainAttempt>;

/** What the policy knows about one alias: the ledger entry `policy.<alias>`. Times are milliseconds since 1970. */
export const retrainPolicy = z.object({
  alias: z.string(),
  pending: z.array(pendingPair),
  /** The retraining that is under way; there is never more than one for an alias. */
  attempt: retrainAttempt.optional(),
  lastPairAt: z.number(),
  /** Retrainings that failed in a row; each doubles the wait before the next. */
  failures: z.number(),
  failedAt: z.number().optional(),
  /** Why nothing happens, or what happened last, in words for people. */
  note: z.string(),
  /** The trace of the last pair: what follows from it belongs there. */
  traceparent: z.string().optional(),
});
export type RetrainPolicy = z.output<typeof retrainPolicy>;

export interface RetrainSettings {
  correctionsMin: number;
  quietMs: number;
}

export type RetrainDecision =
  | { act: 'retrain'; job: string; pairs: PendingPair[]; reason: string }
  | { act: 'wait'; reason: string; atMs?: number };

/** A ledger entry stays under 64 KiB: so many pairs fit twice, once waiting and once in the attempt that is under way. */
export const pendingPairsMax = 350;

const failureWaitMs = 60_000;
const failureWaitMsMax = 3_600_000;

export const newPolicy = (alias: string): RetrainPolicy => ({
  alias,
  pending: [],
  lastPairAt: 0,
  failures: 0,
  note: 'no feedback yet',
});

/** Whether it is time to retrain, and if not, why not and when to look again. */
export function decideRetrain(policy: RetrainPolicy, settings: RetrainSettings, nowMs: number): RetrainDecision {
  const { alias, pending, attempt } = policy;
  if (attempt) return { act: 'wait', reason: `job ${attempt.job} is under way` };
  const fresh = pending.filter((pair) => pair.isCorrection && !pair.wasTried).length;
  if (fresh < settings.correctionsMin) {
    return { act: 'wait', reason: `${fresh} of ${settings.correctionsMin} new corrections` };
  }
  const quietAt = policy.lastPairAt + settings.quietMs;
  if (nowMs < quietAt) return { act: 'wait', reason: 'corrections are still coming in', atMs: quietAt };
  const retryAt = (policy.failedAt ?? 0) + failureWait(policy.failures);
  if (policy.failures > 0 && nowMs < retryAt) {
    return { act: 'wait', reason: `${policy.failures} retrainings failed in a row`, atMs: retryAt };
  }
  const reason = `${fresh} new corrections and ${pending.length - fresh} other pairs for ${alias}`;
  return { act: 'retrain', job: retrainJobId(policy), pairs: pending, reason };
}

const failureWait = (failures: number): number => Math.min(failureWaitMsMax, failureWaitMs * 2 ** (failures - 1));

/**
 * The job's id comes from what it learns from, so that deciding twice asks for one job; a repetition after failures is a new
 * job with the same pairs.
 */
export function retrainJobId({ alias, pending, failures }: RetrainPolicy): string {
  const pairs = pending.map((pair) => [pair.feedback, pair.wasTried]).sort();
  return `ftjob-${digestOf({ alias, pairs, failures }).slice('sha256:'.length, 'sha256:'.length + 26)}`;
}

/** The policy with one more pair; itself when the pair is known already. Beyond the bound the oldest pairs give way. */
export function withPair(policy: RetrainPolicy, pair: PendingPair, nowMs: number, traceparent?: string): RetrainPolicy {
  const known = [...policy.pending, ...(policy.attempt?.pairs ?? [])];
  if (known.some(({ feedback }) => feedback === pair.feedback)) return policy;
  const pending = [...policy.pending, pair].slice(-pendingPairsMax);
  return { ...policy, pending, lastPairAt: nowMs, ...(traceparent ? { traceparent } : {}) };
}

/** The policy after a decision to retrain: the intent is written before the job is asked for. */
export function withAttempt(
  policy: RetrainPolicy,
  decision: RetrainDecision & { act: 'retrain' },
  nowMs: number,
): RetrainPolicy {
  const { job, pairs, reason } = decision;
  return {
    ...policy,
    pending: [],
    attempt: { job, pairs, reason, since: nowMs, isAsked: false },
    note: `retraining: ${reason}`,
  };
}

/** The policy once the trainer has its job. */
export const withJobAsked = (policy: RetrainPolicy, job: string): RetrainPolicy =>
  policy.attempt?.job === job ? { ...policy, attempt: { ...policy.attempt, isAsked: true } } : policy;

/** The policy with the reason of its decision, for people who ask why nothing happens. */
export const withNote = (policy: RetrainPolicy, decision: RetrainDecision): RetrainPolicy =>
  decision.act === 'wait' && policy.note !== decision.reason ? { ...policy, note: decision.reason } : policy;

export type Outcome = 'promoted' | 'rejected' | 'evaluated' | 'failed' | 'cancelled';

/**
 * The policy after its job ended; itself when the job is not the one under way. A model that was not promoted has not learnt
 * for the alias: its pairs wait again, so that the next attempt learns from them together with the new ones.
 */
export function withOutcome(
  policy: RetrainPolicy,
  job: string,
  outcome: Outcome,
  reason: string,
  nowMs: number,
): RetrainPolicy {
  if (policy.attempt?.job !== job) return policy;
  const { attempt, ...rest } = policy;
  const note = `${job} ${outcome}: ${reason}`;
  if (outcome === 'promoted' || outcome === 'evaluated') return { ...rest, failures: 0, failedAt: undefined, note };
  const wasTried = outcome !== 'failed';
  const again = attempt.pairs.map((pair) => ({ ...pair, wasTried: pair.wasTried || wasTried }));
  const pending = [...again, ...policy.pending].slice(-pendingPairsMax);
  const failures = outcome === 'failed' ? policy.failures + 1 : 0;
  return { ...rest, pending, failures, failedAt: outcome === 'failed' ? nowMs : undefined, note };
}
