import type {
  AliasEntry,
  aliasObject,
  ExperimentEntry,
  experimentObject,
  ModelEntry,
  ModelObject,
} from '@hone/contracts';
import type { z } from 'zod';

/** A model as OpenAI shows it, with vLLM's `root` and `parent`. */
export const modelObjectOf = (entry: ModelEntry): ModelObject => ({
  id: entry.name,
  object: 'model',
  created: entry.createdAt,
  owned_by: 'hone',
  root: entry.name,
  parent: entry.base ?? null,
  hone: {
    kind: entry.kind,
    state: entry.state ?? null,
    manifest: entry.manifest,
    fingerprint: entry.fingerprint,
    alias: entry.alias ?? null,
    job: entry.job ?? null,
  },
});

/** An alias is listed among the models, since a client asks for it by the same field. */
export const aliasAsModel = (alias: AliasEntry): ModelObject => ({
  id: alias.name,
  object: 'model',
  created: alias.movedAt,
  owned_by: 'hone',
  root: alias.model,
  parent: null,
  hone: { kind: 'alias', state: null, manifest: null, fingerprint: null, alias: alias.name, job: null },
});

export const aliasObjectOf = (alias: AliasEntry): z.output<typeof aliasObject> => ({
  object: 'alias',
  name: alias.name,
  model: alias.model,
  previous: alias.previous ?? null,
  reason: alias.reason,
  moved_at: alias.movedAt,
});

export const experimentObjectOf = (entry: ExperimentEntry): z.output<typeof experimentObject> => ({
  object: 'experiment',
  name: entry.name,
  alias: entry.alias,
  arms: entry.arms.map(({ name, model, weight }) => ({ name, model, weight })),
  status: entry.status,
  created_at: entry.createdAt,
  concluded_at: entry.concludedAt ?? null,
  reason: entry.reason ?? null,
  votes: Object.fromEntries(Object.entries(entry.votes).map(([arm, { up, down }]) => [arm, { up, down }])),
});
