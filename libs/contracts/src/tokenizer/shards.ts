import { z } from 'zod';
import { count, digest } from '../fields.js';

const shardFile = z.looseObject({ digest, bytes: count, sequences: count, tokens: count, trainableTokens: count });

/** The manifest of a dataset version's tokens for one base model; its digest is its name. */
export const shardsManifest = z.looseObject({
  kind: z.literal('shards'),
  dataset: digest,
  /** Content fingerprint of the base: weights, tokenizer and chat template. */
  base: digest,
  tokenizer: digest,
  chatTemplate: digest,
  lengthMax: count,
  splits: z.looseObject({ train: z.array(shardFile), validation: z.array(shardFile) }),
  /** The first rows that gave no tokens; all of them are counted. */
  droppedCount: count.default(0),
  dropped: z.array(z.looseObject({ split: z.string(), row: count, reason: z.string() })),
});
export type ShardsManifest = z.output<typeof shardsManifest>;
