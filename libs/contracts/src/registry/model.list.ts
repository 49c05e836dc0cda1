import { z } from 'zod';
import { rpc } from '../form.js';
import { aliasEntry, modelEntry } from './model.js';

export const modelList = rpc({
  name: 'model.list',
  owner: 'registry',
  callers: ['gateway'],
  summary: 'Every model and alias.',
  input: z.looseObject({}),
  reply: z.looseObject({ models: z.array(modelEntry), aliases: z.array(aliasEntry) }),
  example: {},
  counterExample: [],
});
