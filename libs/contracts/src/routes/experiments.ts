import { z } from 'zod';
import { modelName, name } from '../fields.js';
import { aliasGet } from '../registry/alias.get.js';
import { aliasMove } from '../registry/alias.move.js';
import { experimentConclude } from '../registry/experiment.conclude.js';
import { experimentCreate } from '../registry/experiment.create.js';
import { experimentGet } from '../registry/experiment.get.js';
import { experimentList } from '../registry/experiment.list.js';
import { route } from './route.js';

const arm = z.object({ name: z.string(), model: z.string(), weight: z.number() });

export const experimentObject = z
  .object({
    object: z.literal('experiment'),
    name: z.string(),
    alias: z.string(),
    arms: z.array(arm),
    status: z.enum(['running', 'concluded']),
    created_at: z.int(),
    concluded_at: z.int().nullable(),
    reason: z.string().nullable(),
    votes: z.record(z.string(), z.object({ up: z.int(), down: z.int() })),
  })
  .meta({ id: 'Experiment' });
export type ExperimentObject = z.output<typeof experimentObject>;

export const aliasObject = z
  .object({
    object: z.literal('alias'),
    name: z.string(),
    model: z.string(),
    previous: z.string().nullable(),
    reason: z.string(),
    moved_at: z.int(),
  })
  .meta({ id: 'Alias' });
export type AliasObject = z.output<typeof aliasObject>;

const byName = z.strictObject({ name });

export const createExperiment = route({
  operationId: 'createExperiment',
  method: 'POST',
  path: '/v1/experiments',
  summary: 'Starts an A/B experiment on an alias; each user keeps an arm.',
  body: z.strictObject({
    name,
    alias: name,
    arms: z
      .array(z.strictObject({ name, model: modelName, weight: z.number().positive().max(1000).default(1) }))
      .min(2)
      .max(8),
  }),
  reply: experimentObject,
  errors: ['invalid_request', 'model_not_found', 'conflict'],
  calls: [experimentCreate],
});

export const listExperiments = route({
  operationId: 'listExperiments',
  method: 'GET',
  path: '/v1/experiments',
  summary: 'Every experiment, newest first.',
  reply: z.object({ object: z.literal('list'), data: z.array(experimentObject) }),
  calls: [experimentList],
});

export const retrieveExperiment = route({
  operationId: 'retrieveExperiment',
  method: 'GET',
  path: '/v1/experiments/{name}',
  summary: 'One experiment with its votes by arm.',
  params: byName,
  reply: experimentObject,
  errors: ['not_found'],
  calls: [experimentGet],
});

export const concludeExperiment = route({
  operationId: 'concludeExperiment',
  method: 'POST',
  path: '/v1/experiments/{name}/conclude',
  summary: 'Ends an experiment: its alias answers with its own model again.',
  params: byName,
  body: z.strictObject({ reason: z.string().min(1).max(500).default('concluded by hand') }),
  reply: experimentObject,
  errors: ['not_found'],
  calls: [experimentConclude],
});

export const retrieveAlias = route({
  operationId: 'retrieveAlias',
  method: 'GET',
  path: '/v1/aliases/{name}',
  summary: 'What an alias stands for now.',
  params: byName,
  reply: aliasObject,
  errors: ['not_found'],
  calls: [aliasGet],
});

export const moveAlias = route({
  operationId: 'moveAlias',
  method: 'POST',
  path: '/v1/aliases/{name}',
  summary: 'Moves an alias by hand: promotes a model or rolls back.',
  params: byName,
  body: z.strictObject({ model: modelName, reason: z.string().min(1).max(500).default('moved by hand') }),
  reply: aliasObject,
  errors: ['invalid_request', 'model_not_found'],
  calls: [aliasMove],
});
