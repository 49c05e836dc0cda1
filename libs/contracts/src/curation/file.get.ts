import { z } from 'zod';
import { id } from '../fields.js';
import { rpc } from '../form.js';
import { fileEntry } from './file.js';

export const fileGet = rpc({
  name: 'file.get',
  owner: 'data-curation',
  callers: ['gateway', 'trainer', 'evaluator'],
  summary: 'The entry of one file; refused with `not_found` when it is unknown or deleted.',
  input: z.looseObject({ id }),
  reply: fileEntry,
  example: { id: 'file-01' },
  counterExample: { id: '../etc/passwd' },
});
