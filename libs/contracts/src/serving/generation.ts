import { z } from 'zod';
import { chatMessage, count, id, modelName, name } from '../fields.js';

/** How tokens are drawn; the defaults are the OpenAI API's. */
export const sampling = z.looseObject({
  temperature: z.number().min(0).max(2).default(1),
  topP: z.number().gt(0).max(1).default(1),
  topK: z.int().min(0).default(0),
  minP: z.number().min(0).max(1).default(0),
  presencePenalty: z.number().min(-2).max(2).default(0),
  frequencyPenalty: z.number().min(-2).max(2).default(0),
  logitBias: z.record(z.string(), z.number().min(-100).max(100)).default({}),
  seed: z.int().optional(),
  /** At most this many new tokens; absent = up to the context's end. */
  tokensMax: z.int().min(0).optional(),
  stop: z.array(z.string().min(1).max(256)).max(4).default([]),
  /** How many alternatives to report for each token; absent = no log-probabilities at all. */
  topLogProbs: z.int().min(0).max(20).optional(),
});
export type Sampling = z.output<typeof sampling>;

const shared = {
  /** Also the turn's id, which feedback names. */
  requestId: id,
  model: modelName,
  n: z.int().min(1).max(16).default(1),
  sampling: sampling.prefault({}),
  /** Keeps a user on one arm of an experiment. */
  user: z.string().max(128).optional(),
  /** Whether the turn is kept for feedback. */
  store: z.boolean().default(true),
};

export const chatGeneration = z.looseObject({ ...shared, messages: z.array(chatMessage).min(1).max(512) });
export const textGeneration = z.looseObject({
  ...shared,
  prompt: z.union([z.string(), z.array(count).min(1)]),
  echo: z.boolean().default(false),
});

const topLogProb = z.looseObject({ token: z.string(), bytes: z.array(z.int()), logprob: z.number() });
export const tokenLogProb = z.looseObject({
  token: z.string(),
  bytes: z.array(z.int()),
  logprob: z.number().nullable(),
  top: z.array(topLogProb).default([]),
});

/** One frame of a streamed answer. */
export const generationFrame = z.discriminatedUnion('type', [
  /** First frame: which model and arm answer. */
  z.looseObject({
    type: z.literal('start'),
    model: modelName,
    base: modelName,
    alias: name.optional(),
    experiment: name.optional(),
    arm: name.optional(),
    promptTokens: count,
    fingerprint: z.string(),
  }),
  z.looseObject({
    type: z.literal('delta'),
    index: count,
    text: z.string(),
    logprobs: z.array(tokenLogProb).optional(),
  }),
  z.looseObject({
    type: z.literal('finish'),
    index: count,
    reason: z.enum(['stop', 'length']),
    completionTokens: count,
  }),
]);
export type GenerationFrame = z.output<typeof generationFrame>;
