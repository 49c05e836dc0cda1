// Goal: serving on a card answers what serving on the processor answers, and a decode step there is one upload, one graph and one wait,
// whatever mixture of adapters and however many sequences. Method: the CUDA kernels on the emulated card, over a small untrained model;
// what the card was asked for is counted.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { AdapterSlots, Engine, bucketOf, greedy, type EngineAdapter } from '@hone/engine';
import { loadModel } from '@hone/models';
import { cardCounters, memoryStats, useDevice, type CardCounters } from '@hone/tensor';
import { openEmulatedCard, writeRandomAdapter, writeRandomModel } from '@hone/testkit';

const hasCard = openEmulatedCard();
const describeCard = hasCard ? describe : describe.skip;

const folder = mkdtempSync(join(tmpdir(), 'hone-card-serving-'));
const at = (name: string): string => join(folder, name);
const adapterNames = ['a', 'b', 'c'] as const;

beforeAll(async () => {
  await writeRandomModel(at('model'), { seed: 5, hiddenSize: 64, layers: 2, contextLength: 64 });
  for (const [index, name] of adapterNames.entries()) await writeRandomAdapter(at('model'), at(name), 7 + index);
});
afterEach(() => void useDevice('cpu'));
afterAll(() => {
  for (const device of ['cpu', 'cuda'] as const) expect(memoryStats(device).liveTensors).toBe(0);
  rmSync(folder, { recursive: true });
});

interface Asked {
  readonly prompt: readonly number[];
  readonly adapter?: (typeof adapterNames)[number];
}

interface Served {
  readonly answers: number[][];
  /** What each step asked of the card, beside how many sequences it decoded and whether they came from a plan. */
  readonly steps: { rows: number; isReplayed: boolean; asked: CardCounters }[];
  readonly plans: number;
}

const difference = (after: CardCounters, before: CardCounters): CardCounters =>
  Object.fromEntries(
    Object.entries(after).map(([name, value]) => [name, value - before[name as keyof CardCounters]]),
  ) as never;

/** Answers of `tokensMax` tokens each to all that is asked, begun together. */
function serve(device: 'cpu' | 'cuda', all: readonly Asked[], tokensMax: number): Served {
  useDevice(device);
  const model = loadModel(at('model'), { format: 'bf16' });
  const engine = new Engine(model, { blockSize: 4, kvBytesMax: 2 ** 20, sequencesMax: 16, adaptersMax: 4 });
  const slots = new AdapterSlots(model, 4, engine);
  try {
    for (const { adapter } of all) if (adapter) slots.load(adapter, at(adapter));
    const sequences = all.map(({ prompt, adapter }) => {
      const taken: EngineAdapter | undefined = adapter && slots.take(adapter);
      return engine.submit({ ids: prompt, adapter: taken, sampling: greedy, tokensMax, stopTokens: new Set() });
    });
    const steps: Served['steps'] = [];
    while (!engine.isIdle) {
      const [before, replayed] = [counts(device), engine.stats.decodesReplayed];
      const outputs = engine.step();
      const isReplayed = engine.stats.decodesReplayed > replayed;
      steps.push({ rows: outputs.length, isReplayed, asked: difference(counts(device), before) });
    }
    const answers = sequences.map(({ tokens, promptLength }) => tokens.slice(promptLength));
    return { answers, steps, plans: engine.stats.decodePlans.captured };
  } finally {
    engine.free();
    slots.free();
    model.free();
  }
}

/** How much less likely than the most likely one each token of an answer is on the processor, which is given all that came before. */
function lackOf({ prompt: asked, adapter }: Asked, answer: readonly number[]): number[] {
  useDevice('cpu');
  const model = loadModel(at('model'), { format: 'bf16' });
  const engine = new Engine(model, { blockSize: 4, kvBytesMax: 2 ** 20 });
  const slots = new AdapterSlots(model, 4, engine);
  try {
    if (adapter) slots.load(adapter, at(adapter));
    const ids = [...asked, ...answer];
    engine.submit({ ids, adapter: adapter && slots.take(adapter), scoreFrom: asked.length - 1, scoreTop: 1 });
    const lacks: number[] = [];
    while (!engine.isIdle) {
      for (const { scored } of engine.step()) {
        for (const { logProb, top } of scored) lacks.push((top[0]?.logProb ?? NaN) - logProb);
      }
    }
    expect(lacks).toHaveLength(answer.length);
    return lacks;
  } finally {
    engine.free();
    slots.free();
    model.free();
  }
}

const nothing: CardCounters = { launches: 0, graphLaunches: 0, synchronisations: 0, bytesToCard: 0, bytesFromCard: 0 };
const counts = (device: 'cpu' | 'cuda'): CardCounters => (device === 'cuda' ? cardCounters() : nothing);

const prompt = (seed: number, length: number): number[] =>
  Array.from({ length }, (_, i) => 3 + ((seed * 11 + i * 7) % 40));

it('buckets are few and never too small', () => {
  const buckets = Array.from({ length: 256 }, (_, rows) => bucketOf(rows + 1));
  expect(buckets.every((bucket, rows) => bucket >= rows + 1)).toBe(true);
  expect([...new Set(buckets)].slice(0, 12)).toEqual([1, 2, 4, 8, 16, 24, 32, 40, 48, 56, 64, 80]);
  expect(new Set(buckets).size).toBe(23);
});

describeCard('a decode step on a card', () => {
  it('is one upload, one graph and one wait once its graph is there, for any mixture of adapters', () => {
    const mixture = [undefined, 'a', 'b', 'a', undefined, 'c'] as const;
    const all = mixture.map((adapter, index) => ({ prompt: prompt(index, 5), ...(adapter && { adapter }) }));
    const { steps, plans } = serve('cuda', all, 9);
    const decodes = steps.filter(({ isReplayed }) => isReplayed);
    expect(decodes).toHaveLength(8);
    expect(plans).toBe(1);
    // The first run of a plan queues its kernels one by one, the second captures them.
    for (const { asked } of decodes.slice(2)) {
      const upload = 4 * bucketOf(6) * (8 + 2 + 8);
      expect(asked).toEqual({
        ...nothing,
        graphLaunches: 1,
        synchronisations: 1,
        bytesToCard: upload,
        bytesFromCard: 4 * 8,
      });
    }
  });

  it('draws what the processor finds most likely, or next to it, with adapters and without', () => {
    const all = [
      { prompt: prompt(1, 6) },
      { prompt: prompt(2, 9), adapter: 'a' as const },
      { prompt: prompt(3, 4), adapter: 'b' as const },
    ];
    const { answers } = serve('cuda', all, 10);
    const lacks = answers.map((answer, row) => lackOf(all[row] as Asked, answer));
    // bf16 activations may turn a draw between two tokens that are all but equally likely.
    expect(Math.max(...lacks.flat())).toBeLessThan(0.15);
    const swapped = lackOf({ ...(all[1] as Asked), adapter: 'b' }, answers[1] as number[]);
    expect(Math.min(...swapped)).toBeGreaterThan(1);
  });

  it('gives a sequence the same answer alone and in a batch with others', () => {
    const asked = { prompt: prompt(4, 7), adapter: 'c' as const };
    const others = [{ prompt: prompt(5, 3) }, { prompt: prompt(6, 8), adapter: 'a' as const }];
    const [alone] = serve('cuda', [asked], 6).answers;
    const [together] = serve('cuda', [asked, ...others], 6).answers;
    expect(together).toEqual(alone);
  });
});
