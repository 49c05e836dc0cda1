import { z } from 'zod';
import { artifactFile, count, digest, id, modelName, name, traceparent, unixTime } from '../fields.js';

/** The manifest of a base model's folder in the object store. */
export const baseManifest = z.looseObject({
  kind: z.literal('base'),
  files: z.array(artifactFile).min(1),
  architecture: z.string(),
  parameters: count,
  contextLength: count,
  /** Digest over weights, tokenizer and chat template: an adapter names the base it belongs to by this. */
  fingerprint: digest,
});
export type BaseManifest = z.output<typeof baseManifest>;

/** The manifest of an adapter folder (PEFT layout). It names everything that the adapter was made from. */
export const adapterManifest = z.looseObject({
  kind: z.literal('adapter'),
  files: z.array(artifactFile).min(1),
  /** Fingerprint of the only base that this adapter fits. */
  base: digest,
  rank: count,
  dataset: digest,
  shards: digest,
  hyperparameters: z.record(z.string(), z.unknown()),
  seed: z.int(),
});
export type AdapterManifest = z.output<typeof adapterManifest>;

/** The manifest of a checkpoint folder: adapter, optimizer and position, enough to resume bit for bit. */
export const checkpointManifest = z.looseObject({
  kind: z.literal('checkpoint'),
  files: z.array(artifactFile).min(1),
  step: count,
});

/** `promoted` is the one that its alias stands for; the one before it is `superseded`, or `rolled-back` by a person's hand. */
export const adapterState = z.enum(['candidate', 'evaluated', 'promoted', 'superseded', 'rejected', 'rolled-back']);

/** A model that can be asked for by name: the ledger entry `model.<hex of sha256 of its name>`. */
export const modelEntry = z.looseObject({
  name: modelName,
  kind: z.enum(['base', 'adapter']),
  manifest: digest,
  /** Of the base itself, or of the base that the adapter belongs to. */
  fingerprint: digest,
  createdAt: unixTime,
  /** Adapters only. */
  base: modelName.optional(),
  state: adapterState.optional(),
  alias: name.optional(),
  job: id.optional(),
  dataset: digest.optional(),
  incumbent: modelName.optional(),
  /** What each change of state rests on, newest last. */
  evidence: z
    .array(
      z.looseObject({
        state: adapterState,
        evaluation: id.optional(),
        digest: digest.optional(),
        reason: z.string(),
        at: unixTime,
      }),
    )
    .default([]),
});
export type ModelEntry = z.output<typeof modelEntry>;

/** A name that moves: the ledger entry `alias.<name>`. Requests for the alias are answered by its model. */
export const aliasEntry = z.looseObject({
  name,
  model: modelName,
  previous: modelName.optional(),
  reason: z.string(),
  movedAt: unixTime,
  traceparent: traceparent.optional(),
});
export type AliasEntry = z.output<typeof aliasEntry>;

const arm = z.looseObject({ name, model: modelName, weight: z.number().positive().max(1000) });

/** An A/B experiment on an alias: the ledger entry `experiment.<name>`. */
export const experimentEntry = z.looseObject({
  name,
  alias: name,
  arms: z.array(arm).min(2).max(8),
  status: z.enum(['running', 'concluded']),
  createdAt: unixTime,
  concludedAt: unixTime.optional(),
  reason: z.string().optional(),
  /** Votes by arm, joined from feedback. */
  votes: z.record(z.string(), z.looseObject({ up: count, down: count })).default({}),
});
export type ExperimentEntry = z.output<typeof experimentEntry>;
