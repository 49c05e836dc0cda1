import { z } from 'zod';
import { name } from '../fields.js';
import { rpc } from '../form.js';
import { experimentEntry } from './model.js';

export const experimentGet = rpc({
  name: 'experiment.get',
  owner: 'registry',
  callers: ['gateway'],
  summary: 'One experiment with its votes.',
  input: z.looseObject({ name }),
  reply: experimentEntry,
  example: { name: 'first-light' },
  counterExample: {},
});
