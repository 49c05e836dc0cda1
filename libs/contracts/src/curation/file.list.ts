import { z } from 'zod';
import { id } from '../fields.js';
import { rpc } from '../form.js';
import { fileEntry } from './file.js';

export const fileList = rpc({
  name: 'file.list',
  owner: 'data-curation',
  callers: ['gateway'],
  summary: 'A page of files, newest first.',
  input: z.looseObject({
    purpose: z.string().optional(),
    after: id.optional(),
    limit: z.int().min(1).max(100).default(20),
    order: z.enum(['asc', 'desc']).default('desc'),
  }),
  reply: z.looseObject({ data: z.array(fileEntry), hasMore: z.boolean() }),
  example: { limit: 10 },
  counterExample: { limit: 100000 },
});
