import { z } from 'zod';
import { name } from '../fields.js';
import { rpc } from '../form.js';
import { aliasEntry } from './model.js';

export const aliasGet = rpc({
  name: 'alias.get',
  owner: 'registry',
  callers: ['gateway', 'data-curation', 'trainer', 'evaluator'],
  summary: 'What an alias stands for now; refused with `not_found` when it was never moved.',
  input: z.looseObject({ name }),
  reply: aliasEntry,
  example: { name: 'support-desk' },
  counterExample: { name: 'Support Desk' },
});
