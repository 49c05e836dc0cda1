import type { ChatChunk, ChatCompletion, GenerationFrame } from '@hone/contracts';
import { bug } from '@hone/base';

type Start = Extract<GenerationFrame, { type: 'start' }>;
type Delta = Extract<GenerationFrame, { type: 'delta' }>;
type TokenLogprob = NonNullable<NonNullable<ChatCompletion['choices'][number]['logprobs']>['content']>[number];

export interface ChatFacts {
  id: string;
  created: number;
  n: number;
  hasLogprobs: boolean;
  includeUsage: boolean;
}

/**
 * The chunks of a streamed chat in OpenAI's order: for each choice one with the role, then the deltas, then one with the
 * finish reason; at the end one with the usage when it was asked for.
 */
export async function* chatChunks(
  facts: ChatFacts,
  frames: AsyncIterable<GenerationFrame>,
): AsyncGenerator<ChatChunk, void, void> {
  let start: Start | undefined;
  let completionTokens = 0;
  const chunk = (choices: ChatChunk['choices'], usage?: ChatChunk['usage']): ChatChunk => ({
    id: facts.id,
    object: 'chat.completion.chunk',
    created: facts.created,
    model: servedName(start),
    system_fingerprint: fingerprintOf(start),
    choices,
    ...(facts.includeUsage ? { usage: usage ?? null } : {}),
  });
  for await (const frame of frames) {
    if (frame.type === 'start') {
      start = frame;
      for (let index = 0; index < facts.n; index++) {
        const delta = { role: 'assistant' as const, content: '', refusal: null };
        yield chunk([{ index, delta, logprobs: null, finish_reason: null }]);
      }
    } else if (frame.type === 'delta') {
      const logprobs = facts.hasLogprobs ? { content: tokenLogprobs(frame), refusal: null } : null;
      yield chunk([{ index: frame.index, delta: { content: frame.text }, logprobs, finish_reason: null }]);
    } else {
      completionTokens += frame.completionTokens;
      yield chunk([{ index: frame.index, delta: {}, logprobs: null, finish_reason: frame.reason }]);
    }
  }
  if (facts.includeUsage) yield chunk([], usageOf(start?.promptTokens ?? 0, completionTokens));
}

/** The whole answer of a chat that is not streamed. */
export async function chatCompletionOf(
  facts: ChatFacts,
  frames: AsyncIterable<GenerationFrame>,
): Promise<ChatCompletion> {
  let start: Start | undefined;
  let completionTokens = 0;
  const contents = Array.from({ length: facts.n }, () => '');
  const logprobs = Array.from({ length: facts.n }, (): TokenLogprob[] => []);
  const reasons: ('stop' | 'length')[] = [];
  for await (const frame of frames) {
    if (frame.type === 'start') start = frame;
    else if (frame.type === 'delta') {
      contents[frame.index] += frame.text;
      logprobs[frame.index]?.push(...tokenLogprobs(frame));
    } else {
      reasons[frame.index] = frame.reason;
      completionTokens += frame.completionTokens;
    }
  }
  return {
    id: facts.id,
    object: 'chat.completion',
    created: facts.created,
    model: servedName(start),
    system_fingerprint: fingerprintOf(start),
    choices: contents.map((content, index) => ({
      index,
      message: { role: 'assistant', content, refusal: null },
      logprobs: facts.hasLogprobs ? { content: logprobs[index] ?? [], refusal: null } : null,
      finish_reason: reasons[index] ?? 'stop',
    })),
    usage: usageOf(start?.promptTokens ?? 0, completionTokens),
    hone: { alias: start?.alias ?? null, experiment: start?.experiment ?? null, arm: start?.arm ?? null },
  };
}

function tokenLogprobs({ logprobs = [] }: Delta): TokenLogprob[] {
  return logprobs.map(({ token, bytes, logprob, top }) => ({
    token,
    bytes,
    logprob: logprob ?? 0,
    top_logprobs: top.map((other) => ({ token: other.token, bytes: other.bytes, logprob: other.logprob })),
  }));
}

export const usageOf = (promptTokens: number, completionTokens: number) => ({
  prompt_tokens: promptTokens,
  completion_tokens: completionTokens,
  total_tokens: promptTokens + completionTokens,
});

/** The model that answers, which differs from the name that was asked for when that is an alias. */
export function servedName(start: Start | undefined): string {
  if (start === undefined)
    throw bug('stream_without_start', '[generation] expected a start frame first but received none');
  return start.model;
}

export const fingerprintOf = (start: Start | undefined): string => `fp_${(start?.fingerprint ?? '').slice(-12)}`;
