import { z } from 'zod';
import { chatComplete } from '../serving/chat.complete.js';
import { route } from './route.js';
import { metadata, requestMessage, samplingFields, unsupported, usage, wantedModel } from './shapes.js';

const topLogprob = z.object({ token: z.string(), logprob: z.number(), bytes: z.array(z.int()).nullable() });
export const tokenLogprob = topLogprob
  .extend({ top_logprobs: z.array(topLogprob) })
  .meta({ id: 'ChatCompletionTokenLogprob' });
const logprobs = z.object({ content: z.array(tokenLogprob).nullable(), refusal: z.null() }).nullable();
const finishReason = z.enum(['stop', 'length']);

export const chatRequest = z
  .strictObject({
    ...samplingFields,
    model: wantedModel,
    messages: z.array(requestMessage).min(1).max(512),
    max_tokens: z.int().min(0).nullish(),
    max_completion_tokens: z.int().min(0).nullish(),
    logprobs: z.boolean().nullish(),
    top_logprobs: z.int().min(0).max(20).nullish(),
    /** Kept for feedback unless false; OpenAI's default is the opposite. */
    store: z.boolean().nullish(),
    metadata,
    response_format: z
      .strictObject({ type: z.literal('text', { message: '"text" (constrained output is not built)' }) })
      .nullish(),
    tools: unsupported('tools are not built', [[]]),
    tool_choice: unsupported('tools are not built', ['none', 'auto']),
    functions: unsupported('tools are not built', [[]]),
    function_call: unsupported('tools are not built', ['none', 'auto']),
    parallel_tool_calls: z.boolean().nullish(),
    modalities: unsupported('only text is built', [['text']]),
    audio: unsupported('audio is not modelled'),
    prediction: unsupported('predicted outputs are not built'),
    reasoning_effort: unsupported('the models do not reason in secret', ['none', 'minimal']),
    verbosity: unsupported('the models do not know it', ['medium']),
    web_search_options: unsupported('nothing is searched'),
    moderation: unsupported('nothing is moderated'),
    grammar: unsupported('constrained output is not built'),
    service_tier: unsupported('there is one tier', ['auto', 'default']),
    safety_identifier: z.string().max(128).nullish(),
    prompt_cache_key: z.string().max(128).nullish(),
    prompt_cache_retention: z.string().max(32).nullish(),
  })
  .refine((body) => body.top_logprobs == null || body.logprobs === true, {
    path: ['top_logprobs'],
    message: '`logprobs: true` beside top_logprobs',
  })
  .meta({ id: 'CreateChatCompletionRequest' });
export type ChatRequest = z.output<typeof chatRequest>;

const shared = {
  id: z.string(),
  created: z.int(),
  model: z.string(),
  system_fingerprint: z.string(),
};

export const chatCompletion = z
  .object({
    ...shared,
    object: z.literal('chat.completion'),
    choices: z.array(
      z.object({
        index: z.int(),
        message: z.object({ role: z.literal('assistant'), content: z.string(), refusal: z.null() }),
        logprobs,
        finish_reason: finishReason,
      }),
    ),
    usage,
    /** Which arm of which experiment answered, when one did. */
    hone: z.object({ alias: z.string().nullable(), experiment: z.string().nullable(), arm: z.string().nullable() }),
  })
  .meta({ id: 'CreateChatCompletionResponse' });
export type ChatCompletion = z.output<typeof chatCompletion>;

export const chatChunk = z
  .object({
    ...shared,
    object: z.literal('chat.completion.chunk'),
    choices: z.array(
      z.object({
        index: z.int(),
        delta: z.object({
          role: z.literal('assistant').optional(),
          content: z.string().optional(),
          refusal: z.null().optional(),
        }),
        logprobs,
        finish_reason: finishReason.nullable(),
      }),
    ),
    usage: usage.nullish(),
  })
  .meta({ id: 'CreateChatCompletionStreamResponse' });
export type ChatChunk = z.output<typeof chatChunk>;

export const createChatCompletion = route({
  operationId: 'createChatCompletion',
  method: 'POST',
  path: '/v1/chat/completions',
  summary:
    "Answers a chat with a model, an adapter or an alias; an alias' running experiment chooses the arm by `user`.",
  body: chatRequest,
  reply: chatCompletion,
  replyKind: 'sse-or-json',
  event: chatChunk,
  errors: ['invalid_request', 'model_not_found', 'too_large', 'overloaded'],
  calls: [chatComplete],
});
