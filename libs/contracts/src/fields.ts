import { digestPattern, idPattern, namePattern } from '@hone/base';
import type { Digest } from '@hone/base';
import { z } from 'zod';

/** Fields that many messages share. Objects are loose: a newer sender's unknown fields are kept, not refused. */
export const id = z.string().regex(idPattern, 'an id: letters, digits, "-" and "_", at most 63');
export const name = z.string().regex(namePattern, 'a name: lower-case letters, digits, "-" and ".", at most 63');
export const digest = z.custom<Digest>(
  (value) => typeof value === 'string' && digestPattern.test(value),
  'sha256:<64 hex digits>',
);
/** A served model's name as the OpenAI API writes it, e.g. `hone-tiny` or `ft:hone-tiny:hone:support-desk:01kb2v`. */
export const modelName = z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9._:-]{0,199}$/, 'a model name');
export const unixTime = z.int().nonnegative();
export const count = z.int().nonnegative();
/** W3C trace context of the act that caused this entry, so that a watcher can continue the trace. */
export const traceparent = z.string().regex(/^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/);

/** A file of a model, adapter or checkpoint: its path inside the folder and its bytes by digest. */
export const artifactFile = z.looseObject({ path: z.string().min(1).max(255), digest, bytes: count });

/** The body of a HoneError. */
export const errorBody = z.looseObject({
  kind: z.enum(['refusal', 'fault', 'bug']),
  code: z.string(),
  message: z.string(),
  status: z.int(),
  param: z.string().optional(),
  details: z.record(z.string(), z.unknown()).optional(),
});

/** An estimate with its 95 % interval. */
export const estimate = z.looseObject({ value: z.number(), low: z.number(), high: z.number() });

export const chatMessage = z.looseObject({
  role: z.enum(['system', 'developer', 'user', 'assistant', 'tool']),
  content: z.union([z.string(), z.null()]).optional(),
  name: z.string().optional(),
  weight: z.union([z.literal(0), z.literal(1)]).optional(),
});
export type ChatMessage = z.output<typeof chatMessage>;

export const exampleDigest = `sha256:${'0'.repeat(64)}` as Digest;
