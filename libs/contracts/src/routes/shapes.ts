import { z } from 'zod';
import { chatMessage, estimate } from '../fields.js';

/** A page of OpenAI's lists: jobs and events have no first and last id, files and checkpoints do. */
export const page = <T extends z.ZodType>(item: T) =>
  z.object({ object: z.literal('list'), data: z.array(item), has_more: z.boolean() });

export const pageWithEnds = <T extends z.ZodType>(item: T) =>
  z.object({
    object: z.literal('list'),
    data: z.array(item),
    first_id: z.string().nullable(),
    last_id: z.string().nullable(),
    has_more: z.boolean(),
  });

/** Query strings are text; a page never holds more than a hundred, whatever is asked for. */
export const pageLimit = (byDefault: number) => z.coerce.number().int().min(1).max(10_000).default(byDefault);

export const after = z.string().max(63).optional();

export const metadata = z.record(z.string().max(64), z.string().max(512)).nullish();

/** The name of a model as a client writes it: what is no known model is answered with 404, so any text is let through. */
export const wantedModel = z.string().min(1).max(256);

/**
 * A field of the OpenAI API that Hone cannot honour: only absence, null, or a value that asks for nothing is let through.
 * Ignoring such a field in silence would answer another request than the one that was made.
 */
export const unsupported = (why: string, harmless: readonly unknown[] = []) =>
  z
    .unknown()
    .optional()
    .refine((value) => value === undefined || value === null || isHarmless(value, harmless), {
      message: `no value, since ${why}`,
    })
    .meta({ description: `Not supported: ${why}.` });

const isHarmless = (value: unknown, harmless: readonly unknown[]): boolean =>
  harmless.some((known) => JSON.stringify(known) === JSON.stringify(value));

export const interval = z.object({ value: z.number(), low: z.number(), high: z.number() }) satisfies z.ZodType<
  z.output<typeof estimate>
>;

const textPart = z.strictObject({ type: z.literal('text'), text: z.string() });

/** A message as clients send it; content parts of text are joined by line breaks, other kinds of parts are refused. */
export const requestMessage = z.strictObject({
  role: z.enum(['system', 'developer', 'user', 'assistant']),
  content: z.union([z.string(), z.array(textPart).min(1).max(64), z.null()]).optional(),
  name: z.string().max(64).optional(),
  refusal: unsupported('refusals are not modelled'),
  audio: unsupported('audio is not modelled'),
  tool_calls: unsupported('tools are not built', [[]]),
  function_call: unsupported('tools are not built'),
});
export type RequestMessage = z.output<typeof requestMessage>;

/** The message as it travels on the bus. `developer` is the newer name of `system`, which chat templates know. */
export function busMessage({ role, content, name }: RequestMessage): z.output<typeof chatMessage> {
  const text = Array.isArray(content) ? content.map((part) => part.text).join('\n') : (content ?? '');
  return { role: role === 'developer' ? 'system' : role, content: text, ...(name === undefined ? {} : { name }) };
}

export const usage = z
  .object({ prompt_tokens: z.int(), completion_tokens: z.int(), total_tokens: z.int() })
  .meta({ id: 'CompletionUsage' });
export type Usage = z.output<typeof usage>;

/** Fields that chat and completion requests share, with OpenAI's names, bounds and defaults; null means absent. */
export const samplingFields = {
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  n: z.int().min(1).max(16).nullish(),
  stop: z.union([z.string().min(1).max(256), z.array(z.string().min(1).max(256)).max(4)]).nullish(),
  seed: z.int().nullish(),
  presence_penalty: z.number().min(-2).max(2).nullish(),
  frequency_penalty: z.number().min(-2).max(2).nullish(),
  logit_bias: z
    .record(z.string().regex(/^\d{1,9}$/, 'a token id'), z.number().min(-100).max(100))
    .refine((bias) => Object.keys(bias).length <= 1024, 'at most 1024 token ids')
    .nullish(),
  /** Not OpenAI's, but what vLLM and llama.cpp call it. */
  top_k: z.int().min(0).max(1_000_000).nullish(),
  min_p: z.number().min(0).max(1).nullish(),
  stream: z.boolean().nullish(),
  stream_options: z
    .strictObject({ include_usage: z.boolean().nullish(), include_obfuscation: z.boolean().nullish() })
    .nullish(),
  user: z.string().max(128).nullish(),
};
