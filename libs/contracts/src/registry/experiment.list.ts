import { z } from 'zod';
import { rpc } from '../form.js';
import { experimentEntry } from './model.js';

export const experimentList = rpc({
  name: 'experiment.list',
  owner: 'registry',
  callers: ['gateway'],
  summary: 'Every experiment, newest first.',
  input: z.looseObject({}),
  reply: z.looseObject({ data: z.array(experimentEntry) }),
  example: {},
  counterExample: 'all',
});
