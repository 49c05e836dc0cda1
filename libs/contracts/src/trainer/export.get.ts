import { z } from 'zod';
import { id } from '../fields.js';
import { rpc } from '../form.js';
import { exportEntry } from './export.js';

export const exportGet = rpc({
  name: 'export.get',
  owner: 'trainer',
  callers: ['gateway'],
  summary: 'One export; refused with `export_not_found` when unknown.',
  input: z.looseObject({ id }),
  reply: exportEntry,
  example: { id: 'export-01' },
  counterExample: { id: '' },
});
