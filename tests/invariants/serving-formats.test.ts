// Goal: over every weight format an answer's bits depend on its request alone. Method: a model wide enough for every blocked
// kernel, random weights, random adapters; log-probabilities alone, in a crowd, and with the prompt cut into chunks.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { seeded } from '@hone/base';
import { type GenerationRequest, TextEngine, type TextEngineOptions, type TokenReport } from '@hone/engine';
import { type BaseFormat, type HeadFormat, loadModel, readModelConfig } from '@hone/models';
import { estimateServing } from '@hone/recipes';
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

async function open(
  name: string,
  held: { format: BaseFormat; headFormat?: HeadFormat },
  options: TextEngineOptions = {},
): Promise<TextEngine> {
  const model = join(folder, name);
  const text = {
    model: loadModel(model, held),
    tokenizer: await Tokenizer.fromFolder(model),
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
const cases = Object.keys(models).flatMap((model) => [
  ...formats.map((format) => [model, format, 'auto'] as const),
  [model, 'nf4', 'int8'] as const,
]);

describe.each(cases)('over the %s as %s with head %s an answer is the same to the bit', (model, format, headFormat) => {
  const held = { format, headFormat };

  it('alone, in a crowd, and however its prompt is cut', async () => {
    const crowd = reports(await open(model, held), requests());
    expect([...crowd.values()].every((list) => list.length > 0)).toBe(true);
    const single = await open(model, held);
    for (const request of requests()) expect(reports(single, [request]).get(request.id)).toEqual(crowd.get(request.id));
    const cuts = { stepTokensMax: 7, sequencesMax: 4, blockSize: 8 };
    expect(reports(await open(model, held, cuts), requests())).toEqual(crowd);
  });
});

describe('a head in int8', () => {
  const folderOf = join(folder, 'llama');

  // The head of this model is tied: what steps read is a copy that the first step packs, and the embedding stays.
  it('takes half of the bytes of one in bf16', () => {
    const bytesOf = (headFormat: HeadFormat) =>
      estimateServing(folderOf, { format: 'nf4', headFormat, sequences: 1, length: 16 }).processBytes;
    const weights = readModelConfig(folderOf).vocabSize * 256;
    const saved = bytesOf('auto') - bytesOf('int8');
    expect(saved / weights).toBeGreaterThan(0.9);
    expect(saved / weights).toBeLessThan(1);
  });

  it('is for serving alone: no log-probabilities of training, no full fine-tuning', () => {
    const model = loadModel(folderOf, { format: 'nf4', headFormat: 'int8' });
    const hidden = model.hidden({ ids: Int32Array.of(5), positions: Int32Array.of(0), cuSeqlens: Int32Array.of(0, 1) });
    expect(() => model.tokenLogProbs(hidden, Int32Array.of(6))).toThrow('received one with a head in int8');
    hidden.free();
    model.free();
    expect(() => loadModel(folderOf, { format: 'f32', headFormat: 'int8', isTrainable: true })).toThrow(
      'fix: leave it out',
    );
  });
});
