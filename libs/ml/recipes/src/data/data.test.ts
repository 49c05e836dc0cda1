import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { trainingSettings } from '../arguments/training-settings.js';
import { isDue, planTraining } from '../plan.js';
import { judge } from '../early-stopping.js';
import { epochOrder } from './order.js';
import { packUnits } from './packing.js';
import { microBatch } from './micro-batch.js';
import { surveyDataset } from './survey.js';
import { datasetOf } from './token-dataset.js';

const survey = (lengths: number[]) =>
  surveyDataset('rows', datasetOf(lengths.map((length) => ({ tokens: new Int32Array(length).fill(1) }))), 64, 8);

describe('packing', () => {
  it('puts every row into one bin that it fits, and leaves few gaps', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 2, max: 64 }), { minLength: 1, maxLength: 200 }), (lengths) => {
        const bins = packUnits(Int32Array.from(lengths), 64);
        expect(bins.flat().sort((a, b) => a - b)).toEqual(lengths.map((_, row) => row));
        const filled = bins.map((bin) => bin.reduce((sum, row) => sum + (lengths[row] as number), 0));
        expect(Math.max(...filled)).toBeLessThanOrEqual(64);
        // Best fit never leaves two bins that could have been one.
        const [least = 64, next = 64] = filled.sort((a, b) => a - b);
        expect(least + next).toBeGreaterThan(bins.length > 1 ? 64 : 0);
      }),
    );
  });
});

describe('the order of an epoch', () => {
  const lengths = Array.from({ length: 40 }, (_, i) => 2 + ((i * 7) % 30));
  const options = { sampling: 'random', seed: 3, epoch: 0, batchUnits: 4 } as const;

  it('depends on the seed and the epoch alone and holds every unit once', () => {
    const first = epochOrder(lengths, options);
    expect(epochOrder(lengths, options)).toEqual(first);
    expect(epochOrder(lengths, { ...options, epoch: 1 })).not.toEqual(first);
    expect([...first].sort((a, b) => a - b)).toEqual(lengths.map((_, unit) => unit));
    expect([...epochOrder(lengths, { ...options, sampling: 'sequential' })]).toEqual(lengths.map((_, unit) => unit));
  });

  it('grouped by length puts like beside like', () => {
    const grouped = [...epochOrder(lengths, { ...options, sampling: 'group_by_length' })];
    const sizes = grouped.map((unit) => lengths[unit] as number);
    expect(sizes).toEqual([...sizes].sort((a, b) => b - a));
  });
});

describe('a plan', () => {
  it('has the same rows per step whatever the factoring, and counts a last partial step', () => {
    const plan = (args: object) =>
      planTraining(trainingSettings({ num_train_epochs: 2, ...args }), survey(new Array<number>(18).fill(4)), 64);
    const whole = plan({ per_device_train_batch_size: 4 });
    const cut = plan({ per_device_train_batch_size: 2, gradient_accumulation_steps: 2 });
    expect(whole).toMatchObject({ totalSteps: 10, stepsPerEpoch: 5 });
    for (let step = 0; step < 10; step++) {
      expect(cut.microBatches(step).flat()).toEqual(whole.microBatches(step).flat());
    }
    expect(cut.microBatches(4)).toHaveLength(1);
    expect(plan({ num_train_epochs: 0.5 }).totalSteps).toBe(2);
    expect(plan({ max_steps: 7 }).totalSteps).toBe(7);
    expect(plan({ num_train_epochs: 'auto' }).epochs).toBe(5);
  });

  it('is due every n steps, by share of the run, at the end of epochs, and at the last step', () => {
    const plan = planTraining(trainingSettings({ per_device_train_batch_size: 1 }), survey([4, 4, 4, 4]), 64);
    const due = (interval: 'no' | 'steps' | 'epoch', every: number) =>
      Array.from({ length: 12 }, (_, i) => i + 1).filter((step) => isDue(interval, every, step, plan));
    expect(due('steps', 5)).toEqual([5, 10, 12]);
    expect(due('steps', 0.25)).toEqual([3, 6, 9, 12]);
    expect(due('epoch', 0)).toEqual([4, 8, 12]);
    expect(due('no', 1)).toEqual([]);
  });
});

describe('a micro-batch', () => {
  it('predicts each marked token from the place before it and never across rows', () => {
    const dataset = datasetOf([{ tokens: [5, 6, 7], mask: [1, 0, 1] }, { tokens: [3, 4] }]);
    const { lengths } = surveyDataset('rows', dataset, 64, 8);
    const batch = microBatch(dataset, [1, 0], lengths);
    expect([...batch.ids]).toEqual([3, 4, 5, 6, 7]);
    expect([...batch.wantedRows]).toEqual([0, 3]);
    expect([...batch.targets]).toEqual([4, 7]);
    expect([...batch.positions]).toEqual([0, 1, 0, 1, 2]);
    expect([...batch.cuSeqlens]).toEqual([0, 2, 5]);
    expect(batch.targetCount).toBe(2);
  });
});

describe('a survey', () => {
  it('has a digest of tokens and masks, in order', () => {
    const digest = (rows: { tokens: number[]; mask?: number[] }[]) =>
      surveyDataset('rows', datasetOf(rows), 64, 8).digest;
    const rows = [{ tokens: [1, 2, 3] }, { tokens: [4, 5] }];
    expect(digest(rows)).toBe(digest([...rows]));
    expect(digest([...rows].reverse())).not.toBe(digest(rows));
    expect(digest([{ tokens: [1, 2, 3], mask: [0, 0, 1] }, rows[1] as { tokens: number[] }])).not.toBe(digest(rows));
    expect(digest([{ tokens: [1, 2, 3, 4, 5] }])).not.toBe(digest(rows));
  });
});

it('the judge counts evaluations without a real improvement', () => {
  const rule = { isLower: true, threshold: 0.1 };
  let best = judge(undefined, { step: 1, metric: 2 }, rule);
  best = judge(best, { step: 2, metric: 1.95 }, rule);
  expect(best).toEqual({ step: 1, metric: 2, misses: 1 });
  best = judge(best, { step: 3, metric: 1.8 }, rule);
  expect(best).toEqual({ step: 3, metric: 1.8, misses: 0 });
  expect(judge(best, { step: 4, metric: 0.5 }, { isLower: false, threshold: 0 })).toMatchObject({ step: 3, misses: 1 });
});
