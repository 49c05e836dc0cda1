// Our side of the training rows: whole optimiser steps (forward, backward, clipping, AdamW) on random tokens. Requests:
// { case: 'step', folder, method: 'full' | 'lora' | 'qlora', batch, length, ...training arguments }
import { readModelConfig, weightMap } from '@hone/models';
import { init, memoryStats } from '@hone/tensor';
import {
  TrainingSession,
  accumulateGradient,
  datasetOf,
  microBatch,
  prepareTraining,
  trainingSettings,
} from '@hone/recipes';
import { serve } from '../protocol/serve.mjs';

const nowhere = 'sha256:';

function step({ folder, method, batch, length, ...more }) {
  const { isa, threads } = init();
  const settings = trainingSettings({ per_device_train_batch_size: batch, learning_rate: 1e-5, ...more }, method);
  const { model, adapter } = prepareTraining(folder, settings);
  const linearBytes = memoryStats().liveBytes - (adapter?.bytes ?? 0) - otherBytes(folder);
  const identity = { settings: nowhere, train: nowhere, validation: null, base: nowhere };
  const session = new TrainingSession({ model, source: folder, adapter, settings }, 1_000_000, identity);
  const lengths = new Int32Array(batch).fill(length);
  let turn = 0;
  const call = () => {
    const rows = lengths.map((_, row) => row);
    const tokens = (row) => Int32Array.from({ length }, (_, at) => (row * 7919 + at * 104729 + turn * 31) % 32000);
    const data = microBatch(datasetOf([...rows].map((row) => ({ tokens: tokens(row) }))), [...rows], lengths);
    turn++;
    const options = { ...(adapter ? { adapter, dropoutSeed: turn } : {}), recompute: settings.recompute };
    const { nll } = accumulateGradient(model, data, data.targetCount, options);
    session.update({ loss: nll / data.targetCount, tokens: batch * length, targets: data.targetCount, rows: [] }, 1e-5);
  };
  return {
    call,
    get detail() {
      const { peakBytes: tensorPeak, workspaceBytes } = memoryStats();
      const peakBytes = process.resourceUsage().maxRSS * 1024;
      return { isa, threads, linearBytes, tensorPeak, workspaceBytes, peakBytes };
    },
    free: () => {
      session.free();
      adapter?.free();
      model.free();
    },
  };
}

/** Embedding and head, which stay bf16 in every format but f32, and the f32 norms. */
const otherBytes = (folder) =>
  weightMap(readModelConfig(folder))
    .filter(({ role }) => role !== 'linear')
    .reduce((sum, { role, shape }) => sum + shape.reduce((a, b) => a * b, role === 'norm' ? 4 : 2), 0);

await serve({ step });
