// Our side of the serving rows: requests in tokens through the text engine, its scheduler and its runner, in this thread.
// Case chat: { folder, format, headFormat, streams, prompt, tokens, adapters: [folder, ...] }; detail has the tokens per second of both phases.
import { TextEngine } from '@hone/engine';
import { loadModel } from '@hone/models';
import { init, memoryStats } from '@hone/tensor';
import { Tokenizer } from '@hone/text';
import { serve } from '../protocol/serve.mjs';
import { promptOf } from '../shapes.mjs';

const sampling = { temperature: 0, topP: 1, topK: 0, minP: 0, presencePenalty: 0, frequencyPenalty: 0, stop: [] };

async function chat({
  folder,
  format = 'nf4',
  headFormat = 'auto',
  streams = 1,
  prompt = 512,
  tokens = 128,
  adapters = [],
}) {
  const { isa, threads } = init();
  const tokenizer = await Tokenizer.fromFolder(folder);
  const model = loadModel(folder, { format, headFormat });
  // What one token reads of the weights: all but the embeddings, of which it reads one row (bf16 where weights are not f32).
  const { vocabSize, hiddenSize } = model.shape;
  const weightBytes = memoryStats().liveBytes - vocabSize * hiddenSize * (format === 'f32' ? 4 : 2);
  const engine = new TextEngine({ model, tokenizer });
  for (const [index, path] of adapters.entries()) engine.adapters.load(String(index), path);
  const detail = { isa, threads, head: headFormat === 'auto' ? 'bf16' : headFormat, weight_bytes: weightBytes };
  let round = 0;
  const call = () => {
    const began = performance.now();
    for (let index = 0; index < streams; index++) {
      const input = { kind: 'text', prompt: promptOf(prompt, index, round), echo: false };
      const adapter = adapters.length === 0 ? undefined : String(index % adapters.length);
      engine.start({
        id: String(index),
        input,
        n: 1,
        sampling: { ...sampling, logitBias: {}, tokensMax: tokens },
        adapter,
      });
    }
    const computed = engine.engine.promptTokensComputed + streams * prompt;
    while (engine.engine.promptTokensComputed < computed) expectTokens(engine.step(), tokens);
    const prefilled = performance.now();
    let steps = 0;
    for (; !engine.isIdle; steps++) expectTokens(engine.step(), tokens);
    const ended = performance.now();
    round++;
    Object.assign(detail, {
      prefill: (streams * prompt * 1000) / (prefilled - began),
      decode: (streams * (tokens - 1) * 1000) / (ended - prefilled),
      generated: (streams * tokens * 1000) / (ended - began),
      step_ms: (ended - prefilled) / steps,
    });
  };
  return { call, detail, free: () => engine.free() };
}

/** A stop token that was drawn by chance would make a run shorter than the peer's. */
function expectTokens(outputs, tokens) {
  for (const output of outputs) {
    if (output.type === 'failed') throw new Error(output.error.message);
    if (output.type === 'finish' && output.completionTokens !== tokens) throw new Error('a stop token was drawn');
  }
}

await serve({ chat });
