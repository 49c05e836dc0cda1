import { z } from 'zod';
import { textComplete } from '../serving/text.complete.js';
import { route } from './route.js';
import { metadata, samplingFields, unsupported, usage, wantedModel } from './shapes.js';

const tokenIds = z.array(z.int().min(0)).min(1).max(16_384);
const text = z.string().max(65_536);

export const textRequest = z
  .strictObject({
    ...samplingFields,
    model: wantedModel,
    prompt: z.union([text, tokenIds, z.array(text).min(1).max(32), z.array(tokenIds).min(1).max(32)]),
    max_tokens: z.int().min(0).nullish(),
    echo: z.boolean().nullish(),
    logprobs: z.int().min(0).max(20).nullish(),
    best_of: z.int().min(1).max(16).nullish(),
    suffix: unsupported('the models do not fill gaps', ['']),
    metadata,
  })
  .refine((body) => body.best_of == null || body.best_of === (body.n ?? 1), {
    path: ['best_of'],
    message: 'the value of n, since answers are not ranked',
  })
  .meta({ id: 'CreateCompletionRequest' });
export type TextRequest = z.output<typeof textRequest>;

export const textLogprobs = z.object({
  tokens: z.array(z.string()),
  token_logprobs: z.array(z.number().nullable()),
  top_logprobs: z.array(z.record(z.string(), z.number()).nullable()).nullable(),
  text_offset: z.array(z.int()),
});
export type TextLogprobs = z.output<typeof textLogprobs>;

const shared = {
  id: z.string(),
  object: z.literal('text_completion'),
  created: z.int(),
  model: z.string(),
  system_fingerprint: z.string(),
};
const choice = { index: z.int(), text: z.string(), logprobs: textLogprobs.nullable() };
const finishReason = z.enum(['stop', 'length']);

export const textCompletion = z
  .object({ ...shared, choices: z.array(z.object({ ...choice, finish_reason: finishReason })), usage })
  .meta({ id: 'CreateCompletionResponse' });
export type TextCompletion = z.output<typeof textCompletion>;

export const textChunk = z
  .object({
    ...shared,
    choices: z.array(z.object({ ...choice, finish_reason: finishReason.nullable() })),
    usage: usage.nullish(),
  })
  .meta({ id: 'CreateCompletionStreamResponse' });
export type TextChunk = z.output<typeof textChunk>;

export const createCompletion = route({
  operationId: 'createCompletion',
  method: 'POST',
  path: '/v1/completions',
  summary: 'Continues a text or token ids, or several; `echo` with `logprobs` scores the prompt itself.',
  body: textRequest,
  reply: textCompletion,
  replyKind: 'sse-or-json',
  event: textChunk,
  errors: ['invalid_request', 'model_not_found', 'too_large', 'overloaded'],
  calls: [textComplete],
});
