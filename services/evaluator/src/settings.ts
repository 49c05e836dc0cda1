import { z } from 'zod';

export const evaluatorSettings = z.object({
  /** Rows of an evaluation; a longer validation split is measured on its first rows. */
  rowsMax: z.int().min(1).max(2000).default(200),
  /** Greedy answers that are asked for at the same time. */
  answersInFlightMax: z.int().min(1).max(64).default(8),
});

export type EvaluatorSettings = z.output<typeof evaluatorSettings>;
