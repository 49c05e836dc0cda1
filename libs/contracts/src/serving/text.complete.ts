import { rpc } from '../form.js';
import { generationFrame, textGeneration } from './generation.js';

export const textComplete = rpc({
  name: 'text.complete',
  owner: 'serving',
  callers: ['gateway'],
  summary:
    'Continues a text or token ids; with `echo` the prompt and its log-probabilities come back as the first delta.',
  input: textGeneration,
  reply: generationFrame,
  streamed: true,
  timeoutMs: 600_000,
  example: { requestId: 'cmpl-01', model: 'hone-tiny', prompt: [1, 2, 3], n: 1, sampling: { tokensMax: 4 } },
  counterExample: { requestId: 'cmpl-01', model: 'hone-tiny', prompt: { text: 'no' } },
});
