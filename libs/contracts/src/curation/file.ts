import { z } from 'zod';
import { count, digest, id, unixTime } from '../fields.js';

/** An uploaded file: the ledger entry `file.<id>`. Its bytes lie in the object store under their digest. */
export const fileEntry = z.looseObject({
  id,
  digest,
  bytes: count,
  filename: z.string().min(1).max(255),
  purpose: z.enum(['fine-tune', 'evals', 'user_data', 'assistants', 'batch', 'vision']),
  createdAt: unixTime,
  expiresAt: unixTime.optional(),
  deleted: z.boolean().default(false),
});
export type FileEntry = z.output<typeof fileEntry>;
