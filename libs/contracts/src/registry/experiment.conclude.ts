import { z } from 'zod';
import { name } from '../fields.js';
import { rpc } from '../form.js';
import { experimentEntry } from './model.js';

export const experimentConclude = rpc({
  name: 'experiment.conclude',
  owner: 'registry',
  callers: ['gateway'],
  summary: 'Ends an experiment: its alias answers with its own model again.',
  input: z.looseObject({ name, reason: z.string().min(1).max(500) }),
  reply: experimentEntry,
  example: { name: 'first-light', reason: 'enough votes' },
  counterExample: { name: 'first-light' },
});
