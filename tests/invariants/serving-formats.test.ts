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
const models = { llama: {}, mixture: { experts: 8 } };
const adapters = ['a', 'b'];
const engines: TextEngine[] = [];

beforeAll(async () => {
  for (const [name, options] of Object.entries(models)) {
    const model = join(folder, name);
    await writeRandomModel(model, { seed: 5, hiddenSize: 256, layers: 2, contextLength: 192, ...options });
    for (const [index, adapter] of adapters.entries())
      await writeRandomAdapter(model, `${model}-${adapter}`, 30 + index);
  }
});

afterAll(() => {
  for (const engine of engines) {
    expect(engine.engine.stats.blocksUsed).toBe(0);
    engine.free();
  }
  expect(memoryStats().liveTensors).toBe(0);
  rmSync(folder, { recursive: true, force: true });
});

async function open(name: string, format: BaseFormat, options: TextEngineOptions = {}): Promise<TextEngine> {
  const model = join(folder, name);
  const text = {
    model: loadModel(model, { format }),
    tokenizer: await Tokenizer.fromFolder(model),
    template: undefined,
  };
  const engine = new TextEngine(text, options);
  for (const adapter of adapters) engine.adapters.load(adapter, `${model}-${adapter}`);
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

const formats = ['f32', 'bf16', 'nf4'] as const;
const cases = Object.keys(models).flatMap((model) => formats.map((format) => [model, format] as const));

describe.each(cases)('over the %s as %s an answer is the same to the bit', (model, format) => {
  it('alone, in a crowd, and however its prompt is cut', async () => {
    const crowd = reports(await open(model, format), requests());
    expect([...crowd.values()].every((list) => list.length > 0)).toBe(true);
    const single = await open(model, format);
    for (const request of requests()) expect(reports(single, [request]).get(request.id)).toEqual(crowd.get(request.id));
    const cuts = { stepTokensMax: 7, sequencesMax: 4, blockSize: 8 };
    expect(reports(await open(model, format, cuts), requests())).toEqual(crowd);
  });
});
