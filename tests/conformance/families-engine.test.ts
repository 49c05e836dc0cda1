// Goal: the engine answers as transformers generates. Method: the greedy continuation of every golden folder, alone and in a
// crowd of other prompts and adapters, from a cache that is small enough to be cut into many steps.
import { afterEach, describe, expect, it } from '@jest/globals';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Engine, greedy, type EngineAdapter } from '@hone/engine';
import { loadAdapter, loadModel } from '@hone/models';
import { memoryStats } from '@hone/tensor';
import { readJsonFile } from './data-root.js';

const root = join(import.meta.dirname, '../golden/families');
const golden = readdirSync(root).filter((name) => existsSync(join(root, name, 'expected.json')));
const promptLength = 9;

afterEach(() => expect(memoryStats().liveBytes).toBe(0));

interface Prompt {
  ids: number[];
  adapter?: EngineAdapter;
}

/** What follows each prompt, all of them in the engine at once. */
function continuations(engine: Engine, prompts: Prompt[], tokensMax: number): number[][] {
  const sequences = prompts.map((prompt) => engine.submit({ ...prompt, sampling: greedy, tokensMax }));
  while (!engine.isIdle) engine.step();
  return sequences.map(({ tokens }) => tokens);
}

describe.each(golden)('%s', (family) => {
  it('continues greedily token for token as transformers, whoever is served beside it', () => {
    const folder = join(root, family);
    const recorded = readJsonFile<{ greedy: number[]; sequences: number[][] }>(folder, 'expected.json');
    const prompt = { ids: recorded.greedy.slice(0, promptLength) };
    const count = recorded.greedy.length - promptLength;
    const model = loadModel(folder);
    const adapter = { key: 'adapter', lora: loadAdapter(join(folder, 'adapter'), model) };
    const engine = new Engine(model, { blockSize: 4, stepTokensMax: 8, sequencesMax: 4 });
    expect(continuations(engine, [prompt], count)).toEqual([recorded.greedy]);
    const others = recorded.sequences.map((ids, i): Prompt => (i === 0 ? { ids, adapter } : { ids }));
    const [alone] = continuations(engine, [others[0] as Prompt], count);
    const crowd = continuations(engine, [...others, prompt, { ...prompt, adapter }], count);
    expect(crowd[2]).toEqual(recorded.greedy);
    expect(crowd[0]).toEqual(alone);
    expect(crowd[3]).toEqual(continuations(engine, [{ ...prompt, adapter }], count)[0]);
    const { stepsReplayed, stepsComposed } = engine.stats;
    expect(stepsComposed).toMatchObject({ scored: 0, large: 0, adapters: 0, unwanted: 0, uncapturable: 0 });
    expect(stepsReplayed).toBeGreaterThan(0);
    engine.free();
    adapter.lora.free();
    model.free();
  });
});
