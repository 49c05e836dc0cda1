// Goal: adapters come to a card as the bytes of their files and go again while others are answered: one upload for each matrix, no wait,
// no graph lost, no second copy. Method: the emulated card, and counters of what it was asked for.
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AdapterSlots, Engine, greedy, type EngineAdapter } from '@hone/engine';
import {
  baseFingerprintKey,
  type CausalModel,
  loadModel,
  readAdapter,
  type TensorToWrite,
  writeSafetensors,
} from '@hone/models';
import { cardCounters, memoryStats, useDevice } from '@hone/tensor';
import { openEmulatedCard, writeRandomAdapter, writeRandomModel } from '@hone/testkit';
import { afterAll, beforeAll, expect, it } from '@jest/globals';

const hasCard = openEmulatedCard();
const onCard = hasCard ? it : it.skip;
const folder = mkdtempSync(join(tmpdir(), 'hone-card-adapters-'));
const at = (name: string): string => join(folder, name);

beforeAll(async () => {
  await writeRandomModel(at('model'), { seed: 5, hiddenSize: 64, layers: 2, contextLength: 64 });
  const model = loadModel(at('model'));
  for (const [index, name] of ['a', 'b', 'c'].entries()) {
    await writeRandomAdapter(at('model'), at(name), 7 + index);
    cpSync(at(name), at(`${name}-bf16`), { recursive: true });
    writeHalves(at(`${name}-bf16`), model);
  }
  model.free();
});
afterAll(() => {
  useDevice('cpu');
  for (const device of ['cpu', 'cuda'] as const) expect(memoryStats(device).liveTensors).toBe(0);
  rmSync(folder, { recursive: true });
});

/** The same adapter with its values rounded to bf16, to nearest even. */
function writeHalves(place: string, model: CausalModel): void {
  const tensors = new Map<string, TensorToWrite>();
  for (const [path, { a, b }] of readAdapter(place, model).modules) {
    for (const [side, { shape, values }] of [['A', a] as const, ['B', b] as const]) {
      const bits = new Uint32Array(values().slice().buffer);
      const words = Uint16Array.from(bits, (word) => (word + 0x7fff + ((word >>> 16) & 1)) >>> 16);
      tensors.set(`base_model.model.${path}.lora_${side}.weight`, { dtype: 'BF16', shape, data: words });
    }
  }
  writeSafetensors(join(place, 'adapter_model.safetensors'), tensors, { [baseFingerprintKey]: model.fingerprint });
}

function withEngine<T>(adaptersMax: number, body: (engine: Engine, slots: AdapterSlots, model: CausalModel) => T): T {
  useDevice('cuda');
  const model = loadModel(at('model'), { format: 'bf16' });
  const engine = new Engine(model, { blockSize: 4, kvBytesMax: 2 ** 20, sequencesMax: 4, adaptersMax });
  const slots = new AdapterSlots(model, adaptersMax, engine);
  try {
    return body(engine, slots, model);
  } finally {
    engine.free();
    slots.free();
    model.free();
  }
}

const submit = (engine: Engine, adapter: EngineAdapter | undefined, tokensMax: number) =>
  engine.submit({ ids: [5, 9, 14, 3], adapter, sampling: greedy, tokensMax, stopTokens: new Set() });

const run = (engine: Engine): void => {
  while (!engine.isIdle) engine.step();
};

onCard('is one upload for each matrix and one for all scales, without a wait', () => {
  withEngine(3, (engine, slots, model) => {
    slots.load('a', at('a-bf16'));
    const live = memoryStats().liveBytes;
    const before = cardCounters();
    slots.load('b', at('b-bf16'));
    const after = cardCounters();
    // The files have rank 4; the stacks have 8 columns for each row of B.
    const matrices = model.modules.reduce(
      (sum, { inFeatures, outFeatures }) => sum + 2 * (4 * inFeatures + 8 * outFeatures),
      0,
    );
    expect(after.bytesToCard - before.bytesToCard).toBe(matrices + 4 * 3 * model.modules.length);
    expect(after.synchronisations).toBe(before.synchronisations);
    expect(after.launches).toBe(before.launches);
    expect(memoryStats().liveBytes).toBe(live);
  });
});

onCard('rounds f32 and answers from it as from the halves of the same values', () => {
  const answers = ['a', 'a-bf16'].map((name) =>
    withEngine(2, (engine, slots) => {
      slots.load(name, at(name));
      const sequence = submit(engine, slots.take(name), 6);
      run(engine);
      return sequence.tokens;
    }),
  );
  expect(answers[0]).toHaveLength(10);
  expect(answers[1]).toEqual(answers[0]);
});

onCard('comes and goes while others are answered', () => {
  const alone = withEngine(2, (engine, slots) => {
    slots.load('a', at('a'));
    const sequence = submit(engine, slots.take('a'), 16);
    run(engine);
    return sequence.tokens;
  });
  withEngine(2, (engine, slots) => {
    slots.load('a', at('a'));
    const sequence = submit(engine, slots.take('a'), 16);
    for (let step = 0; step < 3; step++) engine.step();
    const { captured } = engine.stats.stepPlans;
    for (const name of ['b', 'c', 'b']) {
      slots.load(name, at(name));
      engine.step();
    }
    expect(slots.keys).toEqual(['a', 'b']);
    expect(slots.loads).toBe(4);
    expect(engine.stats.stepPlans.captured).toBe(captured);
    run(engine);
    expect(sequence.tokens).toEqual(alone);
  });
});
