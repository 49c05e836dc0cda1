// Goal: serving on a card answers what serving on the processor answers, and a decode step there is one upload, one graph and one wait,
// whatever mixture of adapters and however many sequences. Method: the CUDA kernels on the emulated card, over a small untrained model;
// what the card was asked for is counted.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  AdapterSlots,
  Engine,
  bucketOf,
  greedy,
  type EngineAdapter,
  type SamplingSettings,
  type TokenLogProb,
} from '@hone/engine';
import { loadModel } from '@hone/models';
import { cardCounters, memoryStats, useDevice, type CardCounters } from '@hone/tensor';
import { openEmulatedCard, writeRandomAdapter, writeRandomModel } from '@hone/testkit';

const hasCard = openEmulatedCard();
const describeCard = hasCard ? describe : describe.skip;

const folder = mkdtempSync(join(tmpdir(), 'hone-card-serving-'));
const at = (name: string): string => join(folder, name);
const adapterNames = ['a', 'b', 'c'] as const;
let vocabulary: number;

beforeAll(async () => {
  await writeRandomModel(at('model'), { seed: 5, hiddenSize: 64, layers: 2, contextLength: 64 });
  const config = readFileSync(join(at('model'), 'config.json'), 'utf8');
  vocabulary = (JSON.parse(config) as { vocab_size: number }).vocab_size;
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
  readonly sampling?: Partial<SamplingSettings>;
  /** Submitted after so many steps. */
  readonly after?: number;
}

interface Served {
  readonly answers: number[][];
  readonly logProbs: TokenLogProb[][];
  /** What each step asked of the card, beside how many sequences it decoded, whether by a plan, and whether that was made then. */
  readonly steps: { rows: number; isReplayed: boolean; isPlanned: boolean; asked: CardCounters }[];
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
    const sequences = new Map<number, ReturnType<typeof engine.submit>>();
    const logProbs: TokenLogProb[][] = all.map(() => []);
    const steps: Served['steps'] = [];
    while (!engine.isIdle || sequences.size < all.length) {
      for (const [index, { prompt, adapter, sampling, after = 0 }] of all.entries()) {
        if (sequences.has(index) || after > steps.length) continue;
        const taken: EngineAdapter | undefined = adapter && slots.take(adapter);
        const settings = { ...greedy, ...sampling };
        const asked = { ids: prompt, adapter: taken, sampling: settings, tokensMax, stopTokens: new Set<number>() };
        sequences.set(index, engine.submit(asked));
      }
      const [before, { decodesReplayed, decodePlans }] = [counts(device), engine.stats];
      const outputs = engine.step();
      for (const { sequence, logProb } of outputs) {
        const [index] = [...sequences].find(([, each]) => each === sequence) as [number, unknown];
        if (logProb) logProbs[index]?.push(logProb);
      }
      const { stats } = engine;
      steps.push({
        rows: outputs.length,
        isReplayed: stats.decodesReplayed > decodesReplayed,
        isPlanned: stats.decodePlans.captured > decodePlans.captured,
        asked: difference(counts(device), before),
      });
    }
    expect(engine.stats.decodesEager).toBe(0);
    const answers = all.map((_, index) => {
      const { tokens, promptLength } = sequences.get(index) as ReturnType<typeof engine.submit>;
      return tokens.slice(promptLength);
    });
    return { answers, logProbs, steps, plans: engine.stats.decodePlans.captured };
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
    expect(decodes.filter(({ isPlanned }) => isPlanned)).toHaveLength(1);
    for (const { asked, isPlanned } of decodes) {
      // A plan is warmed by a run without sequences, op by op; whatever a sequence sees comes from its graph.
      expect(asked).toMatchObject({ graphLaunches: 1, synchronisations: 1, bytesFromCard: 4 * 8 });
      if (isPlanned) continue;
      expect(asked).toMatchObject({ launches: 0, bytesToCard: 4 * bucketOf(6) * (6 + 8 + 7) });
    }
  });

  it('is so for any mixture of penalties, biases, masks, temperatures and log-probabilities', () => {
    const even = new Int32Array(Math.ceil(vocabulary / 32)).fill(0x55555555);
    const all: Asked[] = [
      { prompt: prompt(1, 5), sampling: { frequencyPenalty: 90 } },
      { prompt: prompt(2, 4), sampling: { logitBias: new Map([[7, 100]]), topLogProbs: 3 } },
      { prompt: prompt(3, 6), sampling: { mask: even, topLogProbs: 0 }, adapter: 'a' },
      { prompt: prompt(4, 3), sampling: { temperature: 1, topP: 0.9, topK: 12, seed: [4, 9] } },
      { prompt: prompt(5, 5) },
    ];
    const { answers, logProbs, steps } = serve('cuda', all, 7);
    const decodes = steps.filter(({ isReplayed }) => isReplayed);
    expect(decodes).toHaveLength(6);
    for (const { asked } of decodes.filter(({ isPlanned }) => !isPlanned)) {
      expect(asked).toMatchObject({ launches: 0, graphLaunches: 1, synchronisations: 1 });
    }
    const [penalised, biased, masked] = answers as [number[], number[], number[]];
    expect(new Set(penalised).size).toBe(penalised.length);
    expect(new Set(biased)).toEqual(new Set([7]));
    expect(masked.every((token) => token % 2 === 0)).toBe(true);
    expect(logProbs.map((each) => each.length)).toEqual([0, 7, 7, 0, 0]);
    // What is reported is the model's own opinion, whatever bias made the draw.
    const own = lackOf(all[1] as Asked, biased);
    for (const [at, { token, logProb, top }] of (logProbs[1] as TokenLogProb[]).entries()) {
      expect(token).toBe(7);
      expect(top).toHaveLength(3);
      expect((top[0]?.logProb as number) - logProb).toBeCloseTo(own[at] as number, 0);
      expect(top.map((each) => each.logProb)).toEqual([...top].map((each) => each.logProb).sort((a, b) => b - a));
    }
    for (const { top } of logProbs[2] as TokenLogProb[]) expect(top).toEqual([]);
    const onProcessor = serve('cpu', [all[2] as Asked], 7).answers[0] as number[];
    expect(onProcessor.every((token) => token % 2 === 0)).toBe(true);
  });

  it('finds more memory where a draw needs it, and goes on with what was captured before', () => {
    useDevice('cuda');
    const model = loadModel(at('model'), { format: 'bf16' });
    const engine = new Engine(model, { blockSize: 4, kvBytesMax: 2 ** 20, sequencesMax: 2 });
    const answer = (sampling: Partial<SamplingSettings>): number[][] => {
      const settings = { ...greedy, ...sampling };
      const asked = [1, 2].map((seed) => ({ ids: prompt(seed, 3), sampling: settings, tokensMax: 4 }));
      const sequences = asked.map((each) => engine.submit({ ...each, stopTokens: new Set() }));
      while (!engine.isIdle) engine.step();
      return sequences.map(({ tokens }) => tokens);
    };
    const before = answer({});
    const { planBytes, captured } = engine.stats.decodePlans;
    // Log-probabilities are the model's own, so that penalised logits are a second array of them.
    expect(answer({ presencePenalty: 0.001, topLogProbs: 2 })).toEqual(before);
    expect(engine.stats.decodePlans.planBytes).toBeGreaterThan(planBytes + 2 * 4 * vocabulary);
    expect(answer({})).toEqual(before);
    // What was captured in the old memory is made anew in the new one.
    expect(engine.stats.decodePlans).toMatchObject({ captured: captured + 2, plans: 2 });
    engine.free();
    model.free();
  });

  it('counts what was drawn also in steps that prompts share', () => {
    const asked: Asked = { prompt: prompt(1, 5), sampling: { frequencyPenalty: 90, presencePenalty: 1 } };
    const [alone] = serve('cuda', [asked], 8).answers;
    const late = [2, 4, 5].map((after) => ({ prompt: prompt(after, 4), after }));
    const { answers, steps } = serve('cuda', [asked, ...late], 8);
    expect(steps.filter(({ isReplayed }) => !isReplayed)).toHaveLength(4);
    expect(answers[0]).toEqual(alone);
    expect(new Set(alone).size).toBe(8);
  });

  it('tells once, and counts, when a model cannot be captured', () => {
    useDevice('cuda');
    const model = loadModel(at('model'), { format: 'bf16' });
    const stepOn = model.stepOn.bind(model);
    // A model that looks at its own numbers decides by them: nobody can repeat that unseen.
    model.stepOn = (...args) => {
      const logits = stepOn(...args);
      logits.floats();
      return logits;
    };
    const told: string[] = [];
    const composed = (why: string) => void told.push(why);
    const engine = new Engine(model, { blockSize: 4, kvBytesMax: 2 ** 20, sequencesMax: 4, composed });
    engine.submit({ ids: prompt(1, 3), sampling: greedy, tokensMax: 4, stopTokens: new Set() });
    while (!engine.isIdle) engine.step();
    expect(told).toEqual([expect.stringContaining('the body reads what they gave')]);
    expect(engine.stats).toMatchObject({ decodesEager: 3, decodesReplayed: 0 });
    engine.free();
    model.free();
  });

  it('computes in one memory for all plans', () => {
    useDevice('cuda');
    const model = loadModel(at('model'), { format: 'bf16' });
    const engine = new Engine(model, { blockSize: 4, kvBytesMax: 2 ** 20, sequencesMax: 16 });
    const bytes = [1, 2, 3].map((count) => {
      for (let index = 0; index < count; index++) {
        engine.submit({ ids: prompt(index, 3), sampling: greedy, tokensMax: 3, stopTokens: new Set() });
      }
      while (!engine.isIdle) engine.step();
      return engine.stats.decodePlans;
    });
    expect(bytes.map(({ plans }) => plans)).toEqual([1, 2, 3]);
    const [first, , last] = bytes.map(({ planBytes }) => planBytes) as [number, number, number];
    // Beside the arena a plan has its input and its output alone: some 21 words for each row.
    expect(last - first).toBeLessThan(4 * 32 * 8);
    expect(first).toBeGreaterThan(16 * 4 * vocabulary);
    engine.free();
    model.free();
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
