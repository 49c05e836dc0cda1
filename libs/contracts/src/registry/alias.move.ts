import { z } from 'zod';
import { modelName, name } from '../fields.js';
import { rpc } from '../form.js';
import { aliasEntry } from './model.js';

export const aliasMove = rpc({
  name: 'alias.move',
  owner: 'registry',
  callers: ['gateway'],
  summary: 'Moves an alias by hand: promote or roll back. The reason is kept.',
  input: z.looseObject({ name, model: modelName, reason: z.string().min(1).max(500) }),
  reply: aliasEntry,
  example: { name: 'support-desk', model: 'hone-tiny', reason: 'rolled back by hand' },
  counterExample: { name: 'support-desk' },
});
