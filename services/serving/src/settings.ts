import { z } from 'zod';
import { baseFormats, headFormats } from './domain/base-format.js';

/** HONE_SERVING_<NAME>, or `serving:` in the settings file. */
export const servingSettings = z.object({
  /** How a base that is asked for by itself is held; adapters are served over the weights that they were trained on. */
  weights: z.enum(['auto', ...baseFormats]).default('auto'),
  /** How the output head of such a base is held: int8 halves what a step reads of it. Adapters keep the head of their trainer. */
  head: z.enum(headFormats).default('auto'),
  /** Sequences that run at the same time on one base. */
  sequencesMax: z.int().min(1).max(1024).default(64),
  /** Sequences that may wait for their turn; beyond, requests are refused with 429. */
  waitingMax: z.int().min(1).max(100_000).default(256),
  /** Tokens that may wait, prompts and answers together. */
  waitingTokensMax: z.int().min(1).default(262_144),
  /** Rows of one engine step: the next token of every running sequence, and prompts in chunks up to this. */
  stepTokensMax: z.int().min(16).max(65_536).default(256),
  /** Memory of the key-value cache of one base; absent = 256, or what a GPU has left, in equal parts for the bases that may come. */
  kvMegabytesMax: z.int().min(1).optional(),
  /** Tokens per block of that cache. */
  blockTokens: z.int().min(1).max(256).default(16),
  /** Adapters in memory beside one base; 0 = none is served. */
  adaptersMax: z.int().min(0).max(4096).default(16),
  /** Bases in memory; one base in two weight formats counts twice. */
  basesMax: z.int().min(1).max(64).default(3),
  /** Seconds without a sign of life from the engine thread, loading aside, after which it is stuck and serving starts anew. */
  silentSecondsMax: z.int().min(1).max(3600).default(120),
  /** Load what the aliases name at the start instead of at the first request. */
  warm: z.boolean().default(true),
  /** Where weights are unpacked; `<home>/cache/models` when absent. */
  cacheFolder: z.string().min(1).optional(),
});

export type ServingSettings = z.output<typeof servingSettings>;
