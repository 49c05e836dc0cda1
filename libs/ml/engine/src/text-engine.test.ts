// Goal: logits that are no numbers are a named failure of the request that met them, and of no other in the step. Method: an adapter whose
// numbers are finite and whose sums are not, beside the plain base.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { loadModel, saveAdapter } from '@hone/models';
import { LoraAdapter, loraConfig } from '@hone/nn';
import { Tokenizer } from '@hone/text';
import { init, memoryStats } from '@hone/tensor';
import { writeRandomModel } from '@hone/testkit';
import type { GenerationOutput } from './generation.js';
import { TextEngine } from './text-engine.js';

init();

const folder = mkdtempSync(join(tmpdir(), 'hone-text-engine-'));
const at = (name: string): string => join(folder, name);
const sampling = {
  temperature: 0,
  topP: 1,
  topK: 0,
  minP: 0,
  presencePenalty: 0,
  frequencyPenalty: 0,
  logitBias: {},
  stop: [],
  tokensMax: 3,
  topLogProbs: 1,
};
const asked = (id: string, adapter?: string) => ({
  id,
  input: { kind: 'text', prompt: 'once upon a time', echo: false } as const,
  n: 1,
  sampling,
  ...(adapter === undefined ? {} : { adapter }),
});

let engine: TextEngine;

beforeAll(async () => {
  await writeRandomModel(at('model'), { seed: 1 });
  const model = loadModel(at('model'));
  const config = loraConfig({ r: 4, loraAlpha: 4, targetModules: 'all-linear' });
  const adapter = LoraAdapter.initial(config, model.modules, 1, model.fingerprint);
  for (const { a, b } of adapter.modules.values()) {
    for (const matrix of [a, b]) matrix.write(new Float32Array(matrix.elements).fill(3.4e38));
  }
  saveAdapter(adapter, at('diverged'), { baseName: 'random' });
  adapter.free();
  engine = new TextEngine({ model, tokenizer: await Tokenizer.fromFolder(at('model')) }, { kvBytesMax: 2 ** 20 });
  engine.adapters.load('diverged', at('diverged'));
});

afterAll(() => {
  engine.free();
  expect(memoryStats().liveTensors).toBe(0);
  rmSync(folder, { recursive: true, force: true });
});

function run(first: readonly GenerationOutput[]): Map<string, GenerationOutput[]> {
  const outputs = new Map<string, GenerationOutput[]>();
  const take = (some: readonly GenerationOutput[]): void => {
    for (const output of some) outputs.set(output.request, [...(outputs.get(output.request) ?? []), output]);
  };
  take(first);
  while (!engine.isIdle) take(engine.step());
  return outputs;
}

const failed = {
  type: 'failed',
  error: expect.objectContaining({ code: 'logits_not_numbers', status: 500 }) as unknown,
};

it('fails the request whose logits are no numbers by name, and answers the one beside it', () => {
  const alone = run(engine.start(asked('plain')).outputs).get('plain');
  expect(alone?.at(-1)).toMatchObject({ type: 'finish' });
  const together = run(
    ['plain', 'diverged'].flatMap((id) => engine.start(asked(id, id === 'plain' ? undefined : id)).outputs),
  );
  expect(together.get('plain')).toEqual(alone);
  expect(together.get('diverged')).toEqual([expect.objectContaining(failed)]);
  expect(engine.engine.stats.blocksUsed).toBe(0);
});

it('fails a score of such logits', () => {
  const [prompt, whole] = ['once upon', 'once upon a time'];
  const items = [{ texts: [whole, prompt, prompt, whole] }];
  const { outputs } = engine.startScore({ id: 'score', adapter: 'diverged', items });
  expect(run(outputs).get('score')).toEqual([expect.objectContaining(failed)]);
  expect(engine.engine.stats.blocksUsed).toBe(0);
});
