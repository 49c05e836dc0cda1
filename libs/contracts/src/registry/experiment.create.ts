import { z } from 'zod';
import { modelName, name } from '../fields.js';
import { rpc } from '../form.js';
import { experimentEntry } from './model.js';

export const experimentCreate = rpc({
  name: 'experiment.create',
  owner: 'registry',
  callers: ['gateway'],
  summary: 'Starts an A/B experiment on an alias: each user keeps an arm.',
  input: z.looseObject({
    name,
    alias: name,
    arms: z
      .array(z.looseObject({ name, model: modelName, weight: z.number().positive().max(1000).default(1) }))
      .min(2)
      .max(8),
  }),
  reply: experimentEntry,
  example: {
    name: 'first-light',
    alias: 'support-desk',
    arms: [
      { name: 'base', model: 'hone-tiny' },
      { name: 'tuned', model: 'ft:hone-tiny:hone:x:1' },
    ],
  },
  counterExample: { name: 'first-light', alias: 'support-desk', arms: [{ name: 'base', model: 'hone-tiny' }] },
});
