import { describe, expect, it } from '@jest/globals';
import type { GenerationFrame } from '@hone/contracts';
import { textCompletionOf } from './text-answer.js';

const token = (text: string, logprob: number | null) => ({ token: text, bytes: [], logprob, top: [] });

async function* frames(): AsyncGenerator<{ prompt: number; frame: GenerationFrame }> {
  const echo = [token('<|user|>', null), token('Hi', -1), token('<|end|>', -0.5)];
  const start = { type: 'start', model: 'm', base: 'm', promptTokens: 3, fingerprint: 'fp' } as const;
  yield { prompt: 0, frame: start };
  yield { prompt: 0, frame: { type: 'delta', index: 0, text: 'Hi', logprobs: echo } };
  yield { prompt: 0, frame: { type: 'delta', index: 0, text: ' you', logprobs: [token(' you', -2)] } };
  yield { prompt: 0, frame: { type: 'finish', index: 0, reason: 'stop', completionTokens: 1 } };
}

describe('the log-probabilities of a text completion', () => {
  it('have offsets that never go back, although special tokens have no place in the text', async () => {
    const facts = { id: 'cmpl-1', created: 1, n: 1, hasLogprobs: true, includeUsage: false };
    const { choices } = await textCompletionOf(facts, 1, frames());
    expect(choices[0]).toMatchObject({ text: 'Hi you', logprobs: { text_offset: [0, 0, 2, 2] } });
  });
});
