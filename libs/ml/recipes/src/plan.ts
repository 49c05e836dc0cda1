import { schedule, type Schedule } from '@hone/nn';
import type { TrainingSettings } from './arguments/training-settings.js';
import type { Survey } from './data/survey.js';
import { epochOrder } from './data/order.js';
import { oneRowEach, packUnits, type Unit } from './data/packing.js';

/** How many steps there are, and which rows and learning rate each one has: a pure function of settings and data. */
export interface TrainingPlan {
  readonly totalSteps: number;
  readonly stepsPerEpoch: number;
  readonly epochs: number;
  readonly rate: Schedule;
  /** Rows of a step (0 = the first) as micro-batches, those of all processes. */
  microBatches(step: number): readonly (readonly number[])[];
}

/** Epochs when nobody says: more for small datasets (1 to 5). */
export const autoEpochs = (rows: number): number =>
  rows < 100 ? 5 : rows < 500 ? 4 : rows < 2000 ? 3 : rows < 10_000 ? 2 : 1;

/** A count of steps, or a share of all steps when below 1. */
export const stepsOf = (value: number, totalSteps: number): number =>
  value > 0 && value < 1 ? Math.ceil(value * totalSteps) : Math.floor(value);

export function planTraining(settings: TrainingSettings, { lengths }: Survey, maxLength: number): TrainingPlan {
  const units: Unit[] = settings.isPacking ? packUnits(lengths, maxLength) : oneRowEach(lengths.length);
  const unitLengths = units.map((unit) => unit.reduce((sum, row) => sum + (lengths[row] as number), 0));
  const { batchUnits, accumulationSteps, processes } = settings;
  const stepUnits = batchUnits * accumulationSteps * processes;
  const stepsPerEpoch = Math.ceil(units.length / stepUnits);
  const epochs = settings.epochs ?? autoEpochs(lengths.length);
  const totalSteps = settings.maxSteps > 0 ? settings.maxSteps : Math.ceil(epochs * stepsPerEpoch);
  const rate = schedule(settings.scheduler, {
    warmupSteps: stepsOf(settings.warmup, totalSteps),
    totalSteps,
    cycles: settings.schedulerCycles,
    minRate: settings.schedulerMinRate,
  });
  let known: { epoch: number; order: Uint32Array } | undefined;
  const orderOf = (epoch: number): Uint32Array => {
    if (known?.epoch !== epoch) {
      const { sampling, dataSeed: seed } = settings;
      known = { epoch, order: epochOrder(unitLengths, { sampling, seed, epoch, batchUnits: stepUnits }) };
    }
    return known.order;
  };
  const microBatches = (step: number): number[][] => {
    const first = (step % stepsPerEpoch) * stepUnits;
    const drawn = orderOf(Math.floor(step / stepsPerEpoch)).subarray(first, first + stepUnits);
    const batches: number[][] = [];
    for (let start = 0; start < drawn.length; start += batchUnits) {
      batches.push([...drawn.subarray(start, start + batchUnits)].flatMap((unit) => units[unit] as Unit));
    }
    return batches;
  };
  return { totalSteps, stepsPerEpoch, epochs: totalSteps / stepsPerEpoch, rate, microBatches };
}

/** Every n-th step, or the end of an epoch; the last step always counts. */
export function isDue(interval: 'no' | 'steps' | 'epoch', every: number, step: number, plan: TrainingPlan): boolean {
  if (interval === 'no') return false;
  const period = interval === 'epoch' ? plan.stepsPerEpoch : Math.max(1, stepsOf(every, plan.totalSteps));
  return step === plan.totalSteps || step % period === 0;
}
