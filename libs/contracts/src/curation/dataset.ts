import { z } from 'zod';
import { count, digest, id, name } from '../fields.js';

/** A part of a split: JSON lines of internal rows `{messages, weight?, origin}`, at most a few MiB each. */
export const chunk = z.looseObject({ digest, rows: count, bytes: count });

const split = z.looseObject({ rows: count, chunks: z.array(chunk) });

/** A row that was not taken, with its place and the reason. */
export const refusedRow = z.looseObject({ file: id.optional(), line: count, reason: z.string() });

/**
 * The manifest of a dataset version. Its digest is the version: the same bytes, options and parent always have the same name,
 * so it holds no time and no request id.
 */
export const datasetManifest = z.looseObject({
  kind: z.literal('dataset'),
  parent: digest.optional(),
  sources: z.array(z.looseObject({ digest, role: z.enum(['training', 'validation', 'feedback']) })),
  options: z.looseObject({
    validationFraction: z.number().min(0).max(0.5),
    seed: z.int(),
    feedbackRepeats: z.int().min(1).max(20),
  }),
  splits: z.looseObject({ train: split, validation: split }),
  refused: z.looseObject({ count, first: z.array(refusedRow) }),
  redactions: count.default(0),
  duplicates: count.default(0),
});
export type DatasetManifest = z.output<typeof datasetManifest>;

/** What a dataset is to be built from. */
export const datasetRequest = z.looseObject({
  /** Names this build in the events that answer it: the id of the job that waits for it. */
  requestId: id,
  trainingFile: digest.optional(),
  validationFile: digest.optional(),
  parent: digest.optional(),
  /** JSON lines of chat rows made from feedback. */
  feedbackRows: digest.optional(),
  feedbackRepeats: z.int().min(1).max(20).default(3),
  validationFraction: z.number().min(0).max(0.5).default(0.1),
  seed: z.int().default(0),
  /** The base model whose vocabulary and chat template will tokenize it. */
  base: z.string(),
  /** Refuse the whole file on its first bad row instead of dropping the row. */
  strict: z.boolean().default(true),
  alias: name.optional(),
});
export type DatasetRequest = z.output<typeof datasetRequest>;
