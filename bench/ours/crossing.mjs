// What the way from TypeScript to a kernel costs. Case call: one op on sixteen numbers. Case host: a decode step of a model on the
// null device, which runs all of the engine, the scheduler, the argument checks and the crossings, and none of the arithmetic.
import { TextEngine } from '@hone/engine';
import { loadModel } from '@hone/models';
import { nativeOps, tensorAlloc } from '@hone/native';
import { init } from '@hone/tensor';
import { Tokenizer } from '@hone/text';
import { serve } from '../protocol/serve.mjs';
import { promptOf } from '../shapes.mjs';

const sampling = { temperature: 0, topP: 1, topK: 0, minP: 0, presencePenalty: 0, frequencyPenalty: 0, stop: [] };

function call() {
  init({ device: 'cpu' });
  const [a, b] = [tensorAlloc('f32', [16]), tensorAlloc('f32', [16])];
  return { call: () => nativeOps.tensorAccumulate(a, b) };
}

/** One call is `steps` decode steps of `streams` sequences at a context of `prompt` and more. */
async function host({ folder, device, streams = 1, prompt = 512, steps = 16 }) {
  init({ device });
  const tokenizer = await Tokenizer.fromFolder(folder);
  const model = loadModel(folder, { format: 'nf4' });
  const engine = new TextEngine({ model, tokenizer }, { kvBytesMax: 2 ** 30 });
  let round = 0;
  const restart = () => {
    for (let index = 0; index < streams; index++) {
      const input = { kind: 'text', prompt: promptOf(prompt, index, round), echo: false };
      engine.start({ id: `${round} ${index}`, input, n: 1, sampling: { ...sampling, logitBias: {}, tokensMax: 1024 } });
    }
    const computed = engine.engine.promptTokensComputed + streams * prompt;
    while (engine.engine.promptTokensComputed < computed) engine.step();
    round++;
  };
  restart();
  return {
    call: () => {
      for (let step = 0; step < steps; step++) {
        if (engine.isIdle) restart();
        engine.step();
      }
    },
    free: () => engine.free(),
  };
}

await serve({ call, host });
