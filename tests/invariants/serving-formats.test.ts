// Goal: over every weight format an answer's bits depend on its request alone. Method: a model wide enough for every blocked
// kernel, random weights, random adapters; log-probabilities alone, in a crowd, and with the prompt cut into chunks.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { seeded } from '@hone/base';
import { type GenerationRequest, TextEngine, type TextEngineOptions, type TokenReport } from '@hone/engine';
import { type BaseFormat, loadModel } from '@hone/models';
import { init, memoryStats } from '@hone/tensor';
import { writeRandomAdapter, writeRandomModel } from '@hone/testkit';
import { Tokenizer } from '@hone/text';

init();

const folder = mkdtempSync(join(tmpdir(), 'hone-formats-'));
const model = join(folder, 'model');
const adapters = ['a', 'b'];
const engines: TextEngine[] = [];

beforeAll(async () => {
  await writeRandomModel(model, { seed: 5, hiddenSize: 256, layers: 2, contextLength: 192 });
  for (const [index, name] of adapters.entries()) await writeRandomAdapter(model, join(folder, name), 30 + index);
});

afterAll(() => {
  for (const engine of engines) {
    expect(engine.engine.stats.blocksUsed).toBe(0);
    engine.free();
  }
  expect(memoryStats().liveTensors).toBe(0);
  rmSync(folder, { recursive: true, force: true });
});

async function open(format: BaseFormat, options: TextEngineOptions = {}): Promise<TextEngine> {
  const text = {
    model: loadModel(model, { format }),
    tokenizer: await Tokenizer.fromFolder(model),
    template: undefined,
  };
  const engine = new TextEngine(text, options);
  for (const name of adapters) engine.adapters.load(name, join(folder, name));
  engines.push(engine);
  return engine;
}

/** Prompts of 3 to 100 tokens, each scored and continued, greedy and drawn, with and without adapters. */
const requests = (): GenerationRequest[] =>
  Array.from({ length: 8 }, (_, index) => {
    const random = seeded(9, 'prompt', index);
    const prompt = Array.from({ length: 3 + index * 14 }, () => 10 + Math.floor(random() * 500));
    return {
      id: `r${index}`,
      input: { kind: 'text', prompt, echo: true },
      n: 1,
      adapter: [undefined, ...adapters][index % 3],
      sampling: {
        temperature: index % 2,
        topP: 0.9,
        topK: 0,
        minP: 0,
        presencePenalty: 0,
        frequencyPenalty: 0,
        logitBias: {},
        stop: [],
        seed: index,
        tokensMax: 10,
        topLogProbs: 2,
      },
    };
  });

function reports(engine: TextEngine, asked: GenerationRequest[]): Map<string, TokenReport[]> {
  const result = new Map<string, TokenReport[]>(asked.map(({ id }) => [id, []]));
  for (const request of asked) engine.start(request);
  while (!engine.isIdle) {
    for (const output of engine.step()) {
      if (output.type === 'delta') result.get(output.request)?.push(...(output.logprobs ?? []));
    }
  }
  return result;
}

describe.each(['f32', 'bf16', 'nf4'] as const)('over a %s base an answer is the same to the bit', (format) => {
  it('alone, in a crowd, and however its prompt is cut', async () => {
    const crowd = reports(await open(format), requests());
    expect([...crowd.values()].every((list) => list.length > 0)).toBe(true);
    const single = await open(format);
    for (const request of requests()) expect(reports(single, [request]).get(request.id)).toEqual(crowd.get(request.id));
    const cuts = { stepTokensMax: 7, sequencesMax: 4, blockSize: 8 };
    expect(reports(await open(format, cuts), requests())).toEqual(crowd);
  });
});
