import type { ServiceName } from './services.js';

/**
 * A ledger is a JetStream key-value bucket: the only mutable names of Hone, each moved by compare-and-set on its revision.
 * One service owns (writes) a ledger; readers may get and watch it.
 */
export interface LedgerSpec {
  bucket: string;
  owner: ServiceName;
  readers: readonly ServiceName[];
  history: number;
  bytesMax: number;
  summary: string;
}

const mebibyte = 1024 * 1024;

export const ledgers = {
  files: {
    bucket: 'files',
    owner: 'data-curation',
    readers: [],
    history: 1,
    bytesMax: 64 * mebibyte,
    summary: 'file.<id>: uploaded files.',
  },
  turns: {
    bucket: 'turns',
    owner: 'data-curation',
    readers: [],
    history: 1,
    bytesMax: 256 * mebibyte,
    summary:
      'turn.<id>, feedback.<id>, policy.<alias>: what was answered, what people thought of it, and what to do about it.',
  },
  jobs: {
    bucket: 'jobs',
    owner: 'trainer',
    readers: [],
    history: 1,
    bytesMax: 256 * mebibyte,
    summary:
      'job.<id>, event.<id>.<n>, checkpoint.<id>.<step>: fine-tuning jobs with their fence tokens; export.<id>: exports.',
  },
  evaluations: {
    bucket: 'evaluations',
    owner: 'evaluator',
    readers: [],
    history: 1,
    bytesMax: 64 * mebibyte,
    summary: 'evaluation.<id>: verdicts.',
  },
  models: {
    bucket: 'models',
    owner: 'registry',
    readers: ['serving'],
    history: 16,
    bytesMax: 64 * mebibyte,
    summary: 'model.<key>, alias.<name>, experiment.<name>: what exists, what is served, who gets which arm.',
  },
} as const satisfies Record<string, LedgerSpec>;

export type LedgerName = keyof typeof ledgers;
