import type { GenerationFrame, TextChunk, TextCompletion, TextLogprobs } from '@hone/contracts';
import { fingerprintOf, servedName, usageOf } from './chat-answer.js';

type Start = Extract<GenerationFrame, { type: 'start' }>;
type Delta = Extract<GenerationFrame, { type: 'delta' }>;

export interface TextFacts {
  id: string;
  created: number;
  /** Choices for each prompt. */
  n: number;
  hasLogprobs: boolean;
  includeUsage: boolean;
}

/** Several prompts share one answer: choice `n * prompt + index`, as OpenAI numbers them. */
export interface PromptFrame {
  prompt: number;
  frame: GenerationFrame;
}

/** Counts over all prompts of one request, and the model that serves them. */
class Tally {
  start: Start | undefined;
  #promptTokens = 0;
  #completionTokens = 0;

  add(frame: GenerationFrame): void {
    if (frame.type === 'start') {
      this.start ??= frame;
      this.#promptTokens += frame.promptTokens;
    }
    if (frame.type === 'finish') this.#completionTokens += frame.completionTokens;
  }

  get usage() {
    return usageOf(this.#promptTokens, this.#completionTokens);
  }
}

export async function* textChunks(
  facts: TextFacts,
  frames: AsyncIterable<PromptFrame>,
): AsyncGenerator<TextChunk, void, void> {
  const tally = new Tally();
  const offsets: number[] = [];
  const chunk = (choices: TextChunk['choices'], usage?: TextChunk['usage']): TextChunk => ({
    id: facts.id,
    object: 'text_completion',
    created: facts.created,
    model: servedName(tally.start),
    system_fingerprint: fingerprintOf(tally.start),
    choices,
    ...(facts.includeUsage ? { usage: usage ?? null } : {}),
  });
  for await (const { prompt, frame } of frames) {
    tally.add(frame);
    if (frame.type === 'start') continue;
    const index = prompt * facts.n + frame.index;
    if (frame.type === 'finish') {
      yield chunk([{ index, text: '', logprobs: null, finish_reason: frame.reason }]);
      continue;
    }
    const logprobs = facts.hasLogprobs ? appended(emptyLogprobs(), frame, offsets[index] ?? 0) : null;
    offsets[index] = (offsets[index] ?? 0) + frame.text.length;
    yield chunk([{ index, text: frame.text, logprobs, finish_reason: null }]);
  }
  if (facts.includeUsage) yield chunk([], tally.usage);
}

export async function textCompletionOf(
  facts: TextFacts,
  prompts: number,
  frames: AsyncIterable<PromptFrame>,
): Promise<TextCompletion> {
  const tally = new Tally();
  const choices = Array.from({ length: prompts * facts.n }, (_, index) => ({
    index,
    text: '',
    logprobs: facts.hasLogprobs ? emptyLogprobs() : null,
    finish_reason: 'stop' as 'stop' | 'length',
  }));
  for await (const { prompt, frame } of frames) {
    tally.add(frame);
    if (frame.type === 'start') continue;
    const choice = choices[prompt * facts.n + frame.index];
    if (choice === undefined) continue;
    if (frame.type === 'finish') choice.finish_reason = frame.reason;
    else {
      if (choice.logprobs) appended(choice.logprobs, frame, choice.text.length);
      choice.text += frame.text;
    }
  }
  return {
    id: facts.id,
    object: 'text_completion',
    created: facts.created,
    model: servedName(tally.start),
    system_fingerprint: fingerprintOf(tally.start),
    choices,
    usage: tally.usage,
  };
}

const emptyLogprobs = (): TextLogprobs => ({ tokens: [], token_logprobs: [], top_logprobs: [], text_offset: [] });

/** Token by token; the first token of an echoed prompt has nothing before it and therefore no log-probability. */
function appended(into: TextLogprobs, { logprobs = [], text }: Delta, textBefore: number): TextLogprobs {
  let offset = textBefore;
  for (const { token, logprob, top } of logprobs) {
    into.tokens.push(token);
    into.token_logprobs.push(logprob);
    into.text_offset.push(offset);
    const others = Object.fromEntries(top.map((other) => [other.token, other.logprob]));
    into.top_logprobs?.push(logprob === null ? null : others);
    // A special token, or a piece of a character, has a name but no place of its own in the text.
    if (text.startsWith(token, offset - textBefore)) offset += token.length;
  }
  return into;
}
