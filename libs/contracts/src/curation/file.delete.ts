import { z } from 'zod';
import { id } from '../fields.js';
import { rpc } from '../form.js';

export const fileDelete = rpc({
  name: 'file.delete',
  owner: 'data-curation',
  callers: ['gateway'],
  summary: 'Removes the name of a file; dataset versions made from it stay readable.',
  input: z.looseObject({ id }),
  reply: z.looseObject({ id, deleted: z.boolean() }),
  example: { id: 'file-01' },
  counterExample: {},
});
