// Goal: serving on a card answers what serving on the processor answers, and a step there is one upload, one graph and one wait, whatever
// mixture of prompts, draws and adapters and however many sequences. Method: the CUDA kernels on the emulated card, over a small untrained model;
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
  type ComposedReason,
  type EngineAdapter,
  type EngineOptions,
  type EngineStats,
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
  await writeRandomModel(at('long'), { seed: 6, hiddenSize: 64, layers: 1, contextLength: 320 });
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
  /** The log-probability of every given token is asked for. */
  readonly isScored?: boolean;
}

interface Served {
  readonly answers: number[][];
  readonly logProbs: TokenLogProb[][];
  /** What each step asked of the card, beside how many tokens it drew, whether by a plan, and whether that was made then. */
  readonly steps: { draws: number; isReplayed: boolean; isPlanned: boolean; asked: CardCounters }[];
  readonly stats: EngineStats;
}

const difference = (after: CardCounters, before: CardCounters): CardCounters =>
  Object.fromEntries(
    Object.entries(after).map(([name, value]) => [name, value - before[name as keyof CardCounters]]),
  ) as never;

/** Answers of `tokensMax` tokens each to all that is asked. */
function serve(
  device: 'cpu' | 'cuda',
  all: readonly Asked[],
  tokensMax: number,
  options: EngineOptions = {},
  name = 'model',
): Served {
  useDevice(device);
  const model = loadModel(at(name), { format: 'bf16' });
  const engine = new Engine(model, { blockSize: 4, kvBytesMax: 2 ** 20, sequencesMax: 16, adaptersMax: 4, ...options });
  const slots = new AdapterSlots(model, 4, engine);
  try {
    for (const { adapter } of all) if (adapter) slots.load(adapter, at(adapter));
    const sequences = new Map<number, ReturnType<typeof engine.submit>>();
    const logProbs: TokenLogProb[][] = all.map(() => []);
    const steps: Served['steps'] = [];
    while (!engine.isIdle || sequences.size < all.length) {
      for (const [index, { prompt, adapter, sampling, after = 0, isScored }] of all.entries()) {
        if (sequences.has(index) || after > steps.length) continue;
        const taken: EngineAdapter | undefined = adapter && slots.take(adapter);
        const settings = { ...greedy, ...sampling };
        const asked = { ids: prompt, adapter: taken, sampling: settings, tokensMax, stopTokens: new Set<number>() };
        sequences.set(index, engine.submit({ ...asked, ...(isScored && { scoreFrom: 0, scoreTop: 2 }) }));
      }
      const [before, { stepsReplayed, stepPlans }] = [counts(device), engine.stats];
      const outputs = engine.step();
      for (const { sequence, scored, logProb } of outputs) {
        const [index] = [...sequences].find(([, each]) => each === sequence) as [number, unknown];
        logProbs[index]?.push(...scored, ...(logProb ? [logProb] : []));
      }
      const { stats } = engine;
      steps.push({
        draws: outputs.filter(({ token }) => token !== undefined).length,
        isReplayed: stats.stepsReplayed > stepsReplayed,
        isPlanned: stats.stepPlans.captured > stepPlans.captured,
        asked: difference(counts(device), before),
      });
    }
    const answers = all.map((_, index) => {
      const { tokens, promptLength } = sequences.get(index) as ReturnType<typeof engine.submit>;
      return tokens.slice(promptLength);
    });
    return { answers, logProbs, steps, stats: engine.stats };
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

const none: Record<ComposedReason, number> = {
  prompts: 0,
  scored: 0,
  large: 0,
  adapters: 0,
  unwanted: 0,
  uncapturable: 0,
};

it('buckets are few and never too small, and a quarter too large at most where rows are many', () => {
  const buckets = Array.from({ length: 1024 }, (_, rows) => bucketOf(rows + 1));
  expect(buckets.every((bucket, rows) => bucket >= rows + 1)).toBe(true);
  expect(buckets.every((bucket, rows) => rows < 32 || bucket <= 1.25 * (rows + 1))).toBe(true);
  expect([...new Set(buckets)].slice(0, 12)).toEqual([1, 2, 4, 8, 16, 24, 32, 40, 48, 56, 64, 80]);
  expect(new Set(buckets).size).toBe(31);
  // Where the kernels for few rows end: see native/src/cuda/linear/linear-narrow.h, lora-rows.cu and experts.cu.
  for (const last of [32, 64, 256]) expect(buckets).toContain(last);
});

describeCard('a step on a card', () => {
  it('is one upload, one graph and one wait once its graph is there, for any mixture of adapters', () => {
    const mixture = [undefined, 'a', 'b', 'a', undefined, 'c'] as const;
    const all = mixture.map((adapter, index) => ({ prompt: prompt(index, 5), ...(adapter && { adapter }) }));
    const { steps, stats } = serve('cuda', all, 9);
    expect(steps.map(({ draws }) => draws)).toEqual(new Array(9).fill(6));
    expect(stats).toMatchObject({ stepsReplayed: 9, stepsComposed: none, stepPlans: { captured: 2 } });
    const bytes = (rows: number, sequences: number, draws: number) => 4 * (5 * rows + 8 * sequences + 8 * draws);
    for (const [step, { asked, isPlanned }] of steps.entries()) {
      expect(asked).toMatchObject({ synchronisations: 1, bytesFromCard: 4 * 8 });
      // The first run of a plan queues its ops one by one, and makes the graph meanwhile.
      expect(isPlanned).toBe(step < 2);
      expect(asked.graphLaunches).toBe(isPlanned ? 0 : 1);
      if (!isPlanned) expect(asked).toMatchObject({ launches: 0, bytesToCard: bytes(8, 8, 8) });
    }
    // A second round of prompts finds the graph of the first one: 30 rows of six sequences and a line for one that goes on.
    const others = all.map((each, index) => ({ ...each, prompt: prompt(20 + index, 5), after: 9 }));
    const again = serve('cuda', [...all, ...others], 9).steps[9];
    expect(again?.asked).toMatchObject({ launches: 0, graphLaunches: 1, bytesToCard: bytes(32, 9, 8) });
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
    const { answers, logProbs, steps, stats } = serve('cuda', all, 7);
    expect(stats).toMatchObject({ stepsReplayed: 7, stepsComposed: none, stepPlans: { captured: 2 } });
    for (const { asked } of steps.filter(({ isPlanned }) => !isPlanned)) {
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

  it('counts a token that was drawn hundreds of times as the processor does', () => {
    // The bias is used up after 100 / 0.37 = 270 draws; a count that stopped at 255 would never use it up.
    const sampling = { logitBias: new Map([[7, 100]]), frequencyPenalty: 0.37 };
    const drawn = (['cpu', 'cuda'] as const).map((device) => {
      const [answer] = serve(device, [{ prompt: prompt(1, 5), sampling }], 300, {}, 'long').answers as [number[]];
      return answer.findIndex((token) => token !== 7);
    });
    for (const first of drawn) expect(Math.abs(first - 270)).toBeLessThan(12);
  });

  it('has memory for every kind of draw from the start, so that no graph is lost to one', () => {
    useDevice('cuda');
    const model = loadModel(at('model'), { format: 'bf16' });
    const engine = new Engine(model, { blockSize: 4, kvBytesMax: 2 ** 20, sequencesMax: 2, stepTokensMax: 8 });
    const answer = (sampling: Partial<SamplingSettings>): number[][] => {
      const settings = { ...greedy, ...sampling };
      const asked = [1, 2].map((seed) => ({ ids: prompt(seed, 3), sampling: settings, tokensMax: 4 }));
      const sequences = asked.map((each) => engine.submit({ ...each, stopTokens: new Set() }));
      while (!engine.isIdle) engine.step();
      return sequences.map(({ tokens }) => tokens);
    };
    const before = answer({});
    const { planBytes, captured } = engine.stats.stepPlans;
    // Log-probabilities are the model's own, so that penalised logits are a second array of them.
    expect(answer({ presencePenalty: 0.001, topLogProbs: 2 })).toEqual(before);
    // One plan for the prompts and one for what follows, with their input and output.
    expect(engine.stats.stepPlans.planBytes).toBeLessThan(planBytes + 4 * 2 * 8 * 32);
    expect(answer({})).toEqual(before);
    expect(engine.stats.stepPlans).toMatchObject({ captured: captured + 2, plans: captured + 2 });
    engine.free();
    model.free();
  });

  it('counts what was drawn also in steps that prompts share', () => {
    const asked: Asked = { prompt: prompt(1, 5), sampling: { frequencyPenalty: 90, presencePenalty: 1 } };
    const [alone] = serve('cuda', [asked], 8).answers;
    const late = [2, 4, 5].map((after) => ({ prompt: prompt(after, 4), after }));
    const { answers, stats } = serve('cuda', [asked, ...late], 8);
    expect(stats.stepsComposed).toEqual(none);
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
    expect(engine.stats).toMatchObject({ stepsComposed: { ...none, uncapturable: 4 }, stepsReplayed: 0 });
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
      return engine.stats.stepPlans;
    });
    // One for the prompts and one for what follows.
    expect(bytes.map(({ plans }) => plans)).toEqual([2, 4, 6]);
    const [first, , last] = bytes.map(({ planBytes }) => planBytes) as [number, number, number];
    // Beside the arena a plan has its input and its output alone: some 22 words for each row.
    expect(last - first).toBeLessThan(4 * 32 * (8 + 16 + 2 + 4));
    expect(first).toBeGreaterThan(16 * 4 * vocabulary);
    engine.free();
    model.free();
  });

  it('is so for prompts in chunks beside decodes that come and go, and answers to the bit as if it were composed', () => {
    const settings: Partial<SamplingSettings>[] = [
      { topLogProbs: 3, frequencyPenalty: 0.5, presencePenalty: 0.1 },
      { topLogProbs: 1, temperature: 0.9, seed: [3, 4] },
      { topLogProbs: 2 },
      { topLogProbs: 0, logitBias: new Map([[9, 2]]), topP: 0.8, temperature: 1.2, seed: [5, 6] },
    ];
    const lengths = [5, 33, 3, 1, 21, 4, 9, 2, 30, 7, 1];
    const all = lengths.map((length, index): Asked => {
      const adapter = ([undefined, 'a', 'b', 'c'] as const)[index % 4];
      const sampling = settings[index % 3 === 0 ? 0 : index % 4];
      return { prompt: prompt(index, length), after: index >> 1, sampling, ...(adapter && { adapter }) };
    });
    const options = { stepTokensMax: 20 };
    const composed = serve('cuda', all, 6, { ...options, isCaptured: false });
    const count = composed.steps.length;
    expect(composed.stats.stepsComposed).toEqual({ ...none, unwanted: count });
    // The same traffic again, in other words, when that is over.
    const again = all.map((each, index) => ({
      ...each,
      prompt: prompt(20 + index, each.prompt.length),
      after: count + (each.after ?? 0),
    }));
    const replayed = serve('cuda', [...all, ...again], 6, options);
    expect(replayed.stats).toMatchObject({ stepsReplayed: 2 * count, stepsComposed: none });
    expect(replayed.answers.slice(0, all.length)).toEqual(composed.answers);
    expect(replayed.logProbs.slice(0, all.length)).toEqual(composed.logProbs);
    for (const [step, { asked, draws, isPlanned }] of replayed.steps.entries()) {
      // Nobody waits for a step of prompts alone.
      expect(asked.synchronisations).toBe(draws > 0 ? 1 : 0);
      if (step >= count) expect(isPlanned).toBe(false);
      if (!isPlanned) expect(asked).toMatchObject({ launches: 0, graphLaunches: 1 });
    }
  });

  it('composes steps that tell log-probabilities of given tokens, and those that are too large to gain from a graph', () => {
    const scored: Asked = { prompt: prompt(3, 12), isScored: true, after: 2 };
    const all: Asked[] = [{ prompt: prompt(1, 6) }, { prompt: prompt(2, 30), adapter: 'a' }, scored];
    const options = { stepTokensMax: 16 };
    const { answers, logProbs, stats, steps } = serve('cuda', all, 6, options);
    // Its chunk shares the rows of a step with decodes, so that there are two.
    expect(stats.stepsComposed).toEqual({ ...none, scored: 2 });
    expect(stats.stepsReplayed).toBe(steps.length - 2);
    expect(logProbs[2]).toHaveLength(11);
    const composed = serve('cuda', all, 6, { ...options, isCaptured: false });
    expect([answers, logProbs]).toEqual([composed.answers, composed.logProbs]);
    const many = Array.from({ length: 20 }, (_, index): Asked => ({ prompt: prompt(index, 60) }));
    const large = serve('cuda', many, 2, { stepTokensMax: 1100, sequencesMax: 20 });
    expect(large.stats).toMatchObject({ stepsComposed: { ...none, large: 1 }, stepsReplayed: large.steps.length - 1 });
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
