import { exampleDigest } from '../fields.js';
import { rpc } from '../form.js';
import { fileEntry } from './file.js';

export const fileRegister = rpc({
  name: 'file.register',
  owner: 'data-curation',
  callers: ['gateway'],
  summary: 'Gives uploaded bytes, which are in the object store already, their id and name.',
  input: fileEntry,
  reply: fileEntry,
  example: {
    id: 'file-01',
    digest: exampleDigest,
    bytes: 12,
    filename: 'train.jsonl',
    purpose: 'fine-tune',
    createdAt: 1,
  },
  counterExample: { id: 'file-01', filename: 'train.jsonl' },
});
