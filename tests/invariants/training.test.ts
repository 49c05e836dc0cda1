// Goal: what a step learns depends on its rows alone, not on how they are cut, packed, recomputed or where the adapter lives.
// Method: a model with random weights, wide enough for every blocked kernel, over each base format; equal to the bit where no
// sum is ordered differently, else within a stated bound.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { digestOfBytes, seeded } from '@hone/base';
import { type CausalModel, loadAdapter, loadModel, mergeAdapter } from '@hone/models';
import type { LoraAdapter } from '@hone/nn';
import { accumulateGradient, datasetOf, microBatch, type Recompute } from '@hone/recipes';
import { init, memoryStats } from '@hone/tensor';
import { writeRandomAdapter, writeRandomModel } from '@hone/testkit';

init();

const folder = mkdtempSync(join(tmpdir(), 'hone-training-'));
const source = join(folder, 'model');
const adapterFolder = join(folder, 'adapter');

beforeAll(async () => {
  await writeRandomModel(source, { seed: 6, hiddenSize: 256, layers: 2, contextLength: 192 });
  await writeRandomAdapter(source, adapterFolder, 31);
});
afterEach(() => expect(memoryStats().liveBytes).toBe(0));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Eight rows of 5 to 96 tokens, of which the first two are the prompt. */
const rows = Array.from({ length: 8 }, (_, index) => {
  const random = seeded(12, 'row', index);
  const tokens = Array.from({ length: 5 + index * 13 }, () => 10 + Math.floor(random() * 500));
  return { tokens, mask: tokens.map((__, at) => (at < 2 ? 0 : 1)) };
});
const dataset = datasetOf(rows);
const lengths = Int32Array.from(rows, ({ tokens }) => tokens.length);
const batchOf = (...wanted: number[]) => microBatch(dataset, wanted, lengths);
const everyRow = [...rows.keys()];

const joined = (parts: readonly Float32Array[]): Float32Array => {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  parts.reduce((at, part) => (all.set(part, at), at + part.length), 0);
  return all;
};

const largestDifference = (a: Float32Array, b: Float32Array): number =>
  a.reduce((most, value, at) => Math.max(most, Math.abs(value - (b[at] as number))), 0);

/** Two arrays are equal to the bit where their digests are; Jest takes seconds to compare a million numbers. */
const bitsOf = (values: Float32Array): string => digestOfBytes(new Uint8Array(values.buffer));

const cases = [
  { name: 'all weights', format: 'f32', isTrainable: true },
  { name: 'an adapter over an f32 base', format: 'f32', isTrainable: false },
  { name: 'an adapter over a bf16 base', format: 'bf16', isTrainable: false },
  { name: 'an adapter over a 4-bit base', format: 'nf4', isTrainable: false },
] as const;

describe.each(cases)('a step that trains $name', ({ format, isTrainable }) => {
  const open = () => {
    const model = loadModel(source, { format, isTrainable });
    const adapter = isTrainable ? undefined : loadAdapter(adapterFolder, model);
    adapter?.arena.train();
    return { model, adapter, arenas: adapter ? [adapter.arena] : Object.values(model.arenas ?? {}) };
  };

  /** The gradient of all rows, cut into micro-batches. */
  const gradient = (groups: readonly (readonly number[])[], recompute: Recompute = 'none'): Float32Array => {
    const { model, adapter, arenas } = open();
    const learnt = everyRow.reduce((sum, row) => sum + batchOf(row).targetCount, 0);
    for (const group of groups) {
      accumulateGradient(model, batchOf(...group), learnt, { ...(adapter ? { adapter } : {}), recompute });
    }
    const result = joined(arenas.map(({ gradients }) => gradients.floats()));
    adapter?.free();
    model.free();
    return result;
  };

  /** Log-probabilities of the learnt tokens of some rows in one batch. */
  const logProbs = (...wanted: number[]): Float32Array => {
    const { model, adapter } = open();
    const batch = batchOf(...wanted);
    const hidden = model.hidden({ ...batch, ...(adapter ? { adapter } : {}) });
    const { logp } = model.tokenLogProbs(hidden, batch.targets);
    const result = logp.floats();
    for (const tensor of [hidden, logp]) tensor.free();
    adapter?.free();
    model.free();
    return result;
  };

  it('gives a token the same log-probability to the bit, packed and alone, in any order', () => {
    const alone = everyRow.flatMap((row) => [...logProbs(row)]);
    expect([...logProbs(...everyRow)]).toEqual(alone);
    const reversed = everyRow.toReversed().flatMap((row) => [...logProbs(row)]);
    expect([...logProbs(...everyRow.toReversed())]).toEqual(reversed);
  });

  it('has one gradient as a batch of eight, as eight accumulated rows and as anything between', () => {
    const whole = gradient([everyRow]);
    const scale = whole.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    expect(scale).toBeGreaterThan(0);
    for (const groups of [everyRow.map((row) => [row]), [everyRow.slice(0, 3), everyRow.slice(3)]]) {
      const worst = largestDifference(gradient(groups), whole);
      // Only the order of the sums over tokens differs.
      expect(worst / scale).toBeLessThan(1e-5);
    }
  });

  it('has the same gradient to the bit with recomputed activations, and when it is repeated', () => {
    const kept = gradient([everyRow]);
    expect(bitsOf(gradient([everyRow], 'layers'))).toBe(bitsOf(kept));
    expect(bitsOf(gradient([everyRow], 'cheap'))).toBe(bitsOf(kept));
    expect(bitsOf(gradient([everyRow]))).toBe(bitsOf(kept));
  });
});

// Merging rounds the sum of base and update once to the type of the base's files; f32 files hold it to 2^-24 of each weight.
it('an adapter and the base that it is merged into differ by at most 2e-5 of the largest log-probability', () => {
  const batch = batchOf(...everyRow);
  const measure = (model: CausalModel, adapter?: LoraAdapter): Float32Array => {
    const hidden = model.hidden({ ...batch, ...(adapter ? { adapter } : {}) });
    const { logp } = model.tokenLogProbs(hidden, batch.targets);
    const values = logp.floats();
    for (const tensor of [hidden, logp]) tensor.free();
    return values;
  };
  const base = loadModel(source);
  const adapter = loadAdapter(adapterFolder, base);
  const plain = measure(base);
  const adapted = measure(base, adapter);
  mergeAdapter(source, adapter, join(folder, 'merged'));
  const merged = loadModel(join(folder, 'merged'));
  const worst = largestDifference(measure(merged), adapted);
  expect(plain).not.toEqual(adapted);
  expect(worst / Math.max(...adapted.map(Math.abs))).toBeLessThan(2e-5);
  adapter.free();
  base.free();
  merged.free();
});
