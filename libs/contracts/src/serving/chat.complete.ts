import { rpc } from '../form.js';
import { generationFrame, chatGeneration } from './generation.js';

export const chatComplete = rpc({
  name: 'chat.complete',
  owner: 'serving',
  callers: ['gateway', 'evaluator'],
  summary: 'Answers a chat; frames carry text as it is made, the last frame of each choice its reason and the counts.',
  input: chatGeneration,
  reply: generationFrame,
  streamed: true,
  timeoutMs: 600_000,
  example: {
    requestId: 'chatcmpl-01',
    model: 'hone-tiny',
    messages: [{ role: 'user', content: 'Hello' }],
    n: 1,
    sampling: {},
  },
  counterExample: { requestId: 'chatcmpl-01', model: 'hone-tiny', messages: [] },
});
