import { memoryStats, onDevice, resetPeak } from '@hone/tensor';
import type { ModelSource } from '@hone/models';
import type { TrainingSettings } from './arguments/training-settings.js';
import { datasetOf } from './data/token-dataset.js';
import { microBatch } from './data/micro-batch.js';
import { prepareTraining } from './prepare.js';
import { accumulateGradient } from './token-loss.js';
import { TrainingSession } from './training-session.js';

export interface MemoryEstimate {
  /** Base, adapter, gradients and optimiser state. */
  readonly residentBytes: number;
  /** With the activations of the largest micro-batch. */
  readonly peakBytes: number;
}

/**
 * The exact tensor memory of a run, before it starts: the same code on the null device, which allocates nothing and counts.
 * `rowTokens` is the longest row; each micro-batch is taken to be full of such rows.
 */
export function estimateMemory(source: ModelSource, settings: TrainingSettings, rowTokens: number): MemoryEstimate {
  return onDevice('null', () => {
    resetPeak();
    const { model, adapter } = prepareTraining(source, settings);
    const identity = { settings: nowhere, train: nowhere, validation: nowhere, base: nowhere };
    const session = new TrainingSession({ model, source, adapter, settings }, 1, identity);
    try {
      const rows = Array.from({ length: settings.batchUnits }, () => ({ tokens: new Int32Array(rowTokens) }));
      const lengths = Int32Array.from(rows, () => rowTokens);
      const batch = microBatch(datasetOf(rows), [...rows.keys()], lengths);
      const residentBytes = memoryStats().liveBytes;
      const options = { ...(adapter ? { adapter, dropoutSeed: 0 } : {}), recompute: settings.recompute };
      accumulateGradient(model, batch, batch.targetCount, options);
      return { residentBytes, peakBytes: memoryStats().peakBytes };
    } finally {
      session.free();
      adapter?.free();
      model.free();
    }
  });
}

const nowhere = 'sha256:' as const;
