import { exampleDigest } from '../fields.js';
import { command } from '../form.js';
import { datasetRequest } from './dataset.js';

export const datasetBuild = command({
  name: 'dataset.build',
  owner: 'data-curation',
  senders: ['trainer'],
  summary: 'Builds a dataset version from files, a parent version and feedback rows.',
  input: datasetRequest,
  delivery: { ackWaitMs: 60_000 },
  example: { requestId: 'ftjob-01', trainingFile: exampleDigest, base: 'hone-tiny' },
  counterExample: { requestId: 'ftjob-01', trainingFile: 'train.jsonl', base: 'hone-tiny' },
});
