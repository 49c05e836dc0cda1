// The peer's side of the serving rows: llama.cpp on its CPU path through node-llama-cpp, every stream a sequence of one context,
// so that its own batching runs them together. node bench/peers/llama-chat.mjs <node-llama-cpp's module>
// Case chat: { file, streams, prompt, tokens }; detail has the tokens per second of both phases.
import { pathToFileURL } from 'node:url';
import { serve } from '../protocol/serve.mjs';
import { promptOf } from '../shapes.mjs';

const { getLlama, LlamaLogLevel } = await import(pathToFileURL(process.argv[2]).href);
const threads = Number(process.env.OMP_NUM_THREADS ?? 2);

async function chat({ file, streams = 1, prompt = 512, tokens = 128 }) {
  const llama = await getLlama({ gpu: false, build: 'never', maxThreads: threads, logLevel: LlamaLogLevel.error });
  const model = await llama.loadModel({ modelPath: file, gpuLayers: 0 });
  const contextSize = prompt + tokens;
  const context = await model.createContext({ sequences: streams, contextSize, batchSize: 512, threads });
  const sequences = Array.from({ length: streams }, () => context.getSequence());
  const detail = { library: llama.systemInfo };
  let round = 0;
  const call = async () => {
    await Promise.all(sequences.map((sequence) => sequence.clearHistory()));
    const prompts = sequences.map((_, index) => promptOf(prompt, index, round));
    const began = performance.now();
    await Promise.all(
      sequences.map((sequence, index) => sequence.evaluateWithoutGeneratingNewTokens(prompts[index].slice(0, -1))),
    );
    const prefilled = performance.now();
    await Promise.all(sequences.map((sequence, index) => draw(sequence, prompts[index].slice(-1), tokens)));
    const ended = performance.now();
    round++;
    Object.assign(detail, {
      prefill: (streams * (prompt - 1) * 1000) / (prefilled - began),
      decode: (streams * tokens * 1000) / (ended - prefilled),
      generated: (streams * tokens * 1000) / (ended - began),
      threads: context.currentThreads,
    });
  };
  return { call, detail, free: () => llama.dispose() };
}

async function draw(sequence, last, tokens) {
  let drawn = 0;
  for await (const token of sequence.evaluate(last, { temperature: 0, yieldEogToken: true })) {
    if (token === undefined || ++drawn === tokens) return;
  }
}

await serve({ chat });
process.exit(0);
