import { z } from 'zod';
import { digest, id, modelName, name, unixTime } from '../fields.js';

/** What was answered: the ledger entry `turn.<id>`. The words lie in the object store as `turnContent`. */
export const turnEntry = z.looseObject({
  id,
  content: digest,
  model: modelName,
  base: modelName,
  alias: name.optional(),
  experiment: name.optional(),
  arm: name.optional(),
  createdAt: unixTime,
});
export type TurnEntry = z.output<typeof turnEntry>;

/** A vote on a turn: the ledger entry `feedback.<id>`. */
export const feedbackEntry = z.looseObject({
  id,
  turn: id,
  rating: z.enum(['up', 'down']),
  /** The answer that should have been given: `{text}` in the object store. */
  correction: digest.optional(),
  comment: digest.optional(),
  user: z.string().max(128).optional(),
  createdAt: unixTime,
  /** The retraining job that learnt from it. */
  usedBy: id.optional(),
});
export type FeedbackEntry = z.output<typeof feedbackEntry>;
