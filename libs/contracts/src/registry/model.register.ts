import { z } from 'zod';
import { digest, exampleDigest, modelName } from '../fields.js';
import { rpc } from '../form.js';
import { modelEntry } from './model.js';

export const modelRegister = rpc({
  name: 'model.register',
  owner: 'registry',
  callers: ['gateway'],
  summary:
    'Gives a base model folder, which is in the object store already, its name; same name and same bytes: the same entry.',
  input: z.looseObject({ name: modelName, manifest: digest, fingerprint: digest }),
  reply: modelEntry,
  example: { name: 'hone-tiny', manifest: exampleDigest, fingerprint: exampleDigest },
  counterExample: { name: 'two words', manifest: exampleDigest, fingerprint: exampleDigest },
});
