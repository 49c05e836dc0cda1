import { newId, systemClock, unixSeconds } from '@hone/base';
import {
  busMessage,
  chatComplete,
  createChatCompletion,
  createCompletion,
  type RouteReplyOf,
  textComplete,
} from '@hone/contracts';
import { Mesh } from '@hone/mesh';
import { Controller } from '@nestjs/common';
import type { Readable } from 'node:stream';
import { completePrompts, promptsOf } from '../app/complete-prompts.js';
import { chatChunks, chatCompletionOf } from '../domain/chat-answer.js';
import { knownModelName } from '../domain/model-name.js';
import { samplingOf } from '../domain/sampling.js';
import { textChunks, textCompletionOf } from '../domain/text-answer.js';
import { eventStream } from '../http/sse.js';
import { Ask, type Asked, Serve } from '../http/serve.js';

/** OpenAI's default of the older endpoint. */
const completionTokensByDefault = 16;

@Controller()
export class GenerationController {
  readonly #mesh: Mesh;

  constructor(mesh: Mesh) {
    this.#mesh = mesh;
  }

  @Serve(createChatCompletion)
  async chat(
    @Ask() { body, request, reply, signal }: Asked<typeof createChatCompletion>,
  ): Promise<RouteReplyOf<typeof createChatCompletion> | Readable> {
    const hasLogprobs = body.logprobs === true;
    const facts = {
      id: newId('chatcmpl'),
      created: unixSeconds(systemClock),
      n: body.n ?? 1,
      hasLogprobs,
      includeUsage: body.stream_options?.include_usage === true,
    };
    const tokensMax = body.max_completion_tokens ?? body.max_tokens ?? undefined;
    const frames = this.#mesh.requestStream(
      chatComplete,
      {
        requestId: facts.id,
        model: knownModelName(body.model),
        messages: body.messages.map(busMessage),
        n: facts.n,
        sampling: samplingOf(body, { tokensMax, topLogProbs: hasLogprobs ? (body.top_logprobs ?? 0) : undefined }),
        ...(body.user == null ? {} : { user: body.user }),
        store: body.store ?? true,
      },
      { signal },
    );
    if (body.stream === true) return eventStream(reply, chatChunks(facts, frames), request.id);
    return chatCompletionOf(facts, frames);
  }

  @Serve(createCompletion)
  async complete(
    @Ask() { body, request, reply, signal }: Asked<typeof createCompletion>,
  ): Promise<RouteReplyOf<typeof createCompletion> | Readable> {
    const facts = {
      id: newId('cmpl'),
      created: unixSeconds(systemClock),
      n: body.n ?? 1,
      hasLogprobs: body.logprobs != null,
      includeUsage: body.stream_options?.include_usage === true,
    };
    const prompts = promptsOf(body.prompt);
    const shared = {
      model: knownModelName(body.model),
      n: facts.n,
      sampling: samplingOf(body, {
        tokensMax: body.max_tokens ?? completionTokensByDefault,
        topLogProbs: body.logprobs ?? undefined,
      }),
      ...(body.user == null ? {} : { user: body.user }),
      store: false,
      echo: body.echo ?? false,
    };
    const inputs = prompts.map((prompt, index) => ({ ...shared, requestId: `${facts.id}-${index}`, prompt }));
    const frames = completePrompts(inputs, signal, (input, stop) =>
      this.#mesh.requestStream(textComplete, input, { signal: stop }),
    );
    if (body.stream === true) return eventStream(reply, textChunks(facts, frames), request.id);
    return textCompletionOf(facts, prompts.length, frames);
  }
}
