import { z } from 'zod';

export const curationSettings = z.object({
  /** New corrections for an alias before it is retrained. */
  retrainCorrectionsMin: z.int().min(1).max(300).default(20),
  /** How long no new correction must have come before a retraining starts. */
  retrainQuietMs: z.int().min(0).max(3_600_000).default(2000),
});

export type CurationSettings = z.output<typeof curationSettings>;
