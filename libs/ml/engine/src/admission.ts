import { type HoneError, refusal } from '@hone/base';

export interface QueueLimits {
  /** Sequences that may wait; each of a request's n choices counts. */
  waitingMax: number;
  /** Tokens that may wait: prompts, and what is asked for up to `answerTokensCounted` each. */
  waitingTokensMax: number;
}

export const defaultQueueLimits: QueueLimits = { waitingMax: 256, waitingTokensMax: 262_144 };

/** Answers seldom use all that max_tokens allows, so an unlimited request must not fill the queue by itself. */
const answerTokensCounted = 256;

export interface QueueLoad {
  waiting: number;
  waitingTokens: number;
  /** Sequences that could begin in the next step. */
  slotsFree: number;
  /** What the engine has lately computed, prompts and answers together. */
  tokensPerSecond: number;
}

export const tokensCounted = (promptTokens: number, tokensMax: number): number =>
  promptTokens + Math.min(tokensMax, answerTokensCounted);

/** A refusal when the queue would grow beyond its limits; the caller learns when room is likely. */
export function overload(
  load: QueueLoad,
  sequences: number,
  tokens: number,
  limits: QueueLimits,
): HoneError | undefined {
  const isFull = load.waiting + sequences > limits.waitingMax + load.slotsFree;
  // A single request may always wait alone, however long it is: otherwise it could never be answered.
  const isHeavy = load.waitingTokens > 0 && load.waitingTokens + tokens > limits.waitingTokensMax;
  if (!isFull && !isHeavy) return undefined;
  const seconds = Math.ceil((load.waitingTokens + tokens) / Math.max(1, load.tokensPerSecond));
  const limit = isFull ? `${limits.waitingMax} waiting sequences` : `${limits.waitingTokensMax} waiting tokens`;
  const message = `[serving] expected at most ${limit} but received ${sequences} more sequences with ${tokens} tokens`;
  return refusal('overloaded', `${message}; fix: ask again later, or add a replica of serving`, {
    status: 429,
    retryAfterSeconds: Math.min(60, Math.max(1, seconds)),
    details: { waiting: load.waiting, waitingTokens: load.waitingTokens },
  });
}
