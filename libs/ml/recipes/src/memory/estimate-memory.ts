import { bytesOf, memoryStats, onDevice, resetPeak } from '@hone/tensor';
import { cardWorkspaceBytes, type ModelSource } from '@hone/models';
import type { TrainingSettings } from '../arguments/training-settings.js';
import { datasetOf } from '../data/token-dataset.js';
import { microBatch, type MicroBatch } from '../data/micro-batch.js';
import { evaluationSheet } from '../evaluate.js';
import { prepareTraining } from '../prepare.js';
import { queueGradient, queueMeasure } from '../token-loss.js';
import { TrainingSession } from '../training-session.js';
import { workspaceBytes } from './workspace.js';

/** A device that computes, and the one that counts for it. */
export type ComputingDevice = 'cpu' | 'cuda';
export const countedAs = { cpu: 'null', cuda: 'null-cuda' } as const;

/** Bytes by what they are for; together they are what the process takes at its peak. */
export interface MemoryParts {
  /** Base and adapter. */
  readonly weights: number;
  readonly gradients: number;
  /** Moments, and the kept best weights where the run goes back to them. */
  readonly optimizer: number;
  /** Everything of the largest micro-batch, forward and backward. */
  readonly activations: number;
  /** Scratch memory of the kernels. */
  readonly workspace: number;
  /** What falls between tensors in the arena, and what loading needed more than training does. */
  readonly gaps: number;
}

export interface MemoryEstimate {
  readonly parts: MemoryParts;
  /** Base, adapter, gradients and optimiser state. */
  readonly residentBytes: number;
  /** With the activations of the largest micro-batch: the most that tensors hold at a time. */
  readonly peakBytes: number;
  /** What the process takes for them: with gaps and workspace. */
  readonly processBytes: number;
  readonly trainableParameters: number;
}

/**
 * The exact memory of a run, before it starts: the same code on the null device, which computes nothing, and places every tensor
 * where the real device will. `rowTokens` is the longest row; each micro-batch is taken to be full of such rows. On a card `processBytes`
 * is what the run takes of the card.
 */
export function estimateMemory(
  source: ModelSource,
  settings: TrainingSettings,
  rowTokens: number,
  device: ComputingDevice = 'cpu',
): MemoryEstimate {
  return onDevice(countedAs[device], () => {
    resetPeak();
    const { model, adapter } = prepareTraining(source, settings);
    const loaded = memoryStats().liveBytes;
    const identity = { settings: nowhere, train: nowhere, validation: nowhere, base: nowhere };
    const session = new TrainingSession({ model, source, adapter, settings }, 1, identity);
    try {
      const gradients = session.arenas.reduce((sum, arena) => sum + bytesOf(arena.gradients), 0);
      const weights = adapter ? loaded : loaded - gradients;
      const residentBytes = memoryStats().liveBytes;
      const options = {
        ...(adapter ? { adapter, dropoutSeed: 0 } : {}),
        recompute: settings.recompute,
        offload: session.offload,
      };
      const batch = fullBatch(settings.batchUnits, rowTokens);
      queueGradient(model, batch, batch.targetCount, session.sums(), options);
      if (settings.evalStrategy !== 'no') {
        const sheet = evaluationSheet();
        const evaluated = fullBatch(settings.evalBatchUnits, rowTokens);
        queueMeasure(model, evaluated, sheet.take(2).numbers, adapter ? { adapter } : {});
        sheet.free();
      }
      const { peakBytes, reservedBytes } = memoryStats();
      const isRounded = settings.method === 'qlora' || settings.precision === 'bf16';
      const tokens = settings.batchUnits * rowTokens;
      const isTrained = settings.method === 'full';
      const load = { tokens, isRounded, isTrained, hasLoss: true };
      const workspace =
        device === 'cuda'
          ? cardWorkspaceBytes(model.config, { ...load, hasBf16Weights: settings.precision === 'bf16' })
          : workspaceBytes(model.config, load);
      const optimizer = residentBytes - weights - gradients;
      const [activations, gaps] = [peakBytes - residentBytes, reservedBytes - peakBytes];
      return {
        parts: { weights, gradients, optimizer, activations, workspace, gaps },
        residentBytes,
        peakBytes,
        processBytes: reservedBytes + workspace,
        trainableParameters: session.trainableParameters,
      };
    } finally {
      session.free();
      adapter?.free();
      model.free();
    }
  });
}

function fullBatch(units: number, rowTokens: number): MicroBatch {
  const rows = Array.from({ length: units }, () => ({ tokens: new Int32Array(rowTokens) }));
  const lengths = Int32Array.from(rows, () => rowTokens);
  return microBatch(datasetOf(rows), [...rows.keys()], lengths);
}

const nowhere = 'sha256:' as const;
