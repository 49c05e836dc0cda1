import { bug } from '@hone/base';
import type { AliasEntry, EvaluationEntry, ModelEntry } from '@hone/contracts';

export type AdapterState = NonNullable<ModelEntry['state']>;

/**
 * The arrows of an adapter's life. `rejected`, `superseded` and `rolled-back` lead to `promoted` only by a person's hand; a
 * candidate whose evaluation failed is rejected without having been evaluated.
 */
const arrows: Record<AdapterState, readonly AdapterState[]> = {
  candidate: ['evaluated', 'promoted', 'rejected'],
  evaluated: ['promoted', 'rejected'],
  promoted: ['superseded', 'rolled-back'],
  superseded: ['promoted'],
  rejected: ['promoted'],
  'rolled-back': ['promoted'],
};

export interface Decision {
  state: 'promoted' | 'rejected' | 'evaluated';
  reason: string;
}

/**
 * What a finished evaluation means for its candidate. The alias must still stand for the incumbent that was measured: a verdict
 * against a model that has been replaced meanwhile proves nothing about its successor.
 */
export function decide(candidate: ModelEntry, evaluation: EvaluationEntry, alias: AliasEntry | undefined): Decision {
  if (evaluation.status === 'failed') {
    return { state: 'rejected', reason: `the evaluation failed: ${evaluation.error?.message ?? 'no reason given'}` };
  }
  const reason = evaluation.reason ?? `verdict: ${evaluation.verdict ?? 'none'}`;
  if (candidate.alias === undefined) return { state: 'evaluated', reason };
  if (evaluation.verdict !== 'better') return { state: 'rejected', reason };
  const served = alias?.model ?? candidate.base;
  if (served === candidate.name || served === evaluation.incumbent) return { state: 'promoted', reason };
  const stale = `it was measured against ${evaluation.incumbent ?? 'nothing'}, but ${candidate.alias} is ${served ?? 'nothing'} now`;
  return { state: 'rejected', reason: stale };
}

/** What a change of state rests on. */
export interface Evidence {
  evaluation?: string | undefined;
  digest?: ModelEntry['manifest'] | undefined;
  reason: string;
  at: number;
}

/** Whether this evaluation has been decided upon already: a redelivered message changes nothing. */
export const isDecidedBy = (entry: ModelEntry, evaluation: string): Decision | undefined => {
  const found = entry.evidence.findLast((item) => item.evaluation === evaluation && item.state !== 'candidate');
  if (found === undefined) return undefined;
  const { state, reason } = found;
  return {
    state: state === 'rolled-back' || state === 'superseded' ? 'promoted' : (state as Decision['state']),
    reason,
  };
};

/** The entry in its next state, with the evidence appended. An arrow that does not exist is a bug of the caller. */
export function advance(entry: ModelEntry, state: AdapterState, evidence: Evidence): ModelEntry {
  const from = entry.state ?? 'candidate';
  if (!arrows[from].includes(state)) {
    throw bug(
      'life_cycle',
      `[${entry.name}] expected one of ${arrows[from].join(', ')} after ${from} but received ${state}`,
    );
  }
  const { evaluation, digest, reason, at } = evidence;
  const item = { state, reason, at, ...(evaluation ? { evaluation } : {}), ...(digest ? { digest } : {}) };
  return { ...entry, state, evidence: [...entry.evidence, item] };
}

/**
 * The entry after the decision: the measurement and what follows from it, in one write. A failed evaluation measured nothing,
 * so it leads to the rejection alone.
 */
export function decided(entry: ModelEntry, decision: Decision, evaluation: EvaluationEntry, at: number): ModelEntry {
  const evidence = { evaluation: evaluation.id, digest: evaluation.evidence, at };
  if (evaluation.status === 'failed') return advance(entry, decision.state, { ...evidence, reason: decision.reason });
  const measured = advance(entry, 'evaluated', { ...evidence, reason: evaluation.reason ?? 'measured' });
  return decision.state === 'evaluated'
    ? measured
    : advance(measured, decision.state, { ...evidence, reason: decision.reason });
}

/** Whether a life-cycle has this arrow. */
export const leadsTo = (from: AdapterState, to: AdapterState): boolean => arrows[from].includes(to);
