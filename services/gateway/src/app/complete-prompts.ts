import type { GenerationFrame, TextRequest } from '@hone/contracts';
import type { PromptFrame } from '../domain/text-answer.js';

type Prompt = string | number[];

/** A prompt, or several, as a list: text, texts, token ids or lists of token ids. */
export function promptsOf(prompt: TextRequest['prompt']): Prompt[] {
  if (typeof prompt === 'string') return [prompt];
  return typeof prompt[0] === 'number' ? [prompt as number[]] : (prompt as Prompt[]);
}

/**
 * Asks for all prompts at once, so that the engine batches them, and yields their frames as they come. When one fails or the
 * reader leaves, the others are stopped.
 */
export async function* completePrompts<Input>(
  inputs: readonly Input[],
  signal: AbortSignal,
  ask: (input: Input, signal: AbortSignal) => AsyncGenerator<GenerationFrame, void, void>,
): AsyncGenerator<PromptFrame, void, void> {
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const streams = inputs.map((input) => ask(input, either));
  const nextOf = async (prompt: number) => ({ prompt, result: await (streams[prompt] as (typeof streams)[0]).next() });
  const waiting = new Map(streams.map((_, prompt) => [prompt, nextOf(prompt)] as const));
  try {
    while (waiting.size > 0) {
      const { prompt, result } = await Promise.race(waiting.values());
      if (result.done === true) waiting.delete(prompt);
      else {
        waiting.set(prompt, nextOf(prompt));
        yield { prompt, frame: result.value };
      }
    }
  } finally {
    stop.abort(new Error('the answer is over'));
    await Promise.allSettled(waiting.values());
  }
}
