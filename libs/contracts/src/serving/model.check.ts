import { z } from 'zod';
import { digest, exampleDigest } from '../fields.js';
import { rpc } from '../form.js';

export const modelCheck = rpc({
  name: 'model.check',
  owner: 'serving',
  callers: ['gateway'],
  summary:
    'Reads a base model folder, which is in the object store already, as loading would and refuses what could never answer.',
  input: z.looseObject({ manifest: digest }),
  reply: z.looseObject({}),
  // Every weight is read once; a large model is fetched from the store first.
  timeoutMs: 3_600_000,
  example: { manifest: exampleDigest },
  counterExample: { manifest: 'hone-tiny' },
});
