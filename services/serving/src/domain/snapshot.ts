import type { AliasEntry, ExperimentEntry, ModelEntry } from '@hone/contracts';

/** What the models ledger says, as this replica has heard it. */
export interface Snapshot {
  /** By model name. */
  readonly models: ReadonlyMap<string, ModelEntry>;
  /** By alias. */
  readonly aliases: ReadonlyMap<string, AliasEntry>;
  /** By the experiment's name. */
  readonly experiments: ReadonlyMap<string, ExperimentEntry>;
}

export const emptySnapshot: Snapshot = { models: new Map(), aliases: new Map(), experiments: new Map() };

export type Kind = keyof Snapshot;

/** The snapshot with one name set, or gone when the value is undefined. Readers of the old one keep what they saw. */
export function changed<K extends Kind>(
  snapshot: Snapshot,
  kind: K,
  name: string,
  value: (Snapshot[K] extends ReadonlyMap<string, infer V> ? V : never) | undefined,
): Snapshot {
  const entries = new Map<string, unknown>(snapshot[kind]);
  if (value === undefined) entries.delete(name);
  else entries.set(name, value);
  return { ...snapshot, [kind]: entries };
}
