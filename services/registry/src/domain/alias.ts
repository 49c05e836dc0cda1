import type { AliasEntry } from '@hone/contracts';

export interface AliasMove {
  name: string;
  model: string;
  reason: string;
  at: number;
  /** What answered before the alias existed: a promotion over the base can be rolled back to it. */
  before?: string | undefined;
  /** The evaluation that the move rests on; absent for a move by hand. */
  evaluation?: string | undefined;
  traceparent?: string | undefined;
}

/** The alias after a move; the entry itself when it stands for that model already, so that a repeated move changes nothing. */
export function movedAlias(current: AliasEntry | undefined, move: AliasMove): AliasEntry {
  if (current?.model === move.model) return current;
  const { name, model, reason, at, before, evaluation, traceparent } = move;
  const previous = current?.model ?? before;
  return {
    name,
    model,
    reason,
    movedAt: at,
    ...(previous ? { previous } : {}),
    ...(evaluation ? { evaluation } : {}),
    ...(traceparent ? { traceparent } : {}),
  };
}

/** A move back to the model before: the one that is left has been rolled back. */
export const isRollback = (current: AliasEntry | undefined, model: string): boolean =>
  current !== undefined && current.model !== model && current.previous === model;
