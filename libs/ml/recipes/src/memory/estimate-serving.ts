import { memoryStats, onDevice, resetPeak } from '@hone/tensor';
import { cardWorkspaceBytes, loadModel, type BaseFormat, type HeadFormat, type ModelSource } from '@hone/models';
import { countedAs, type ComputingDevice } from './estimate-memory.js';
import { workspaceBytes } from './workspace.js';

export interface ServingLoad {
  readonly format: BaseFormat;
  /** Default auto. */
  readonly headFormat?: HeadFormat;
  /** Sequences that are answered at a time. */
  readonly sequences: number;
  /** Tokens of each, prompt and answer. */
  readonly length: number;
  readonly pageSize?: number;
  /** Rows of the largest step: a piece of a prompt, or one row a sequence. */
  readonly stepRows?: number;
  /** Default cpu. */
  readonly device?: ComputingDevice;
}

export interface ServingEstimate {
  readonly parts: {
    readonly weights: number;
    /** Pages of keys and values. */
    readonly kvPages: number;
    readonly activations: number;
    readonly workspace: number;
    readonly gaps: number;
  };
  readonly processBytes: number;
}

/** What serving a base takes, by the same dry run: weights, all pages full, and the largest step. */
export function estimateServing(source: ModelSource, asked: ServingLoad): ServingEstimate {
  const { format, headFormat, sequences, length, pageSize = 16, stepRows = 256, device = 'cpu' } = asked;
  return onDevice(countedAs[device], () => {
    resetPeak();
    const model = loadModel(source, { format, headFormat });
    const weights = memoryStats().liveBytes;
    const blocksPerSequence = Math.ceil(length / pageSize);
    const kv = model.newKvCache(sequences * blocksPerSequence, pageSize);
    try {
      const resident = memoryStats().liveBytes;
      const rows = Math.max(sequences, Math.min(stepRows, sequences * length));
      const count = (value: (row: number) => number) => Int32Array.from({ length: rows }, (_, row) => value(row));
      model.step({
        ids: count(() => 0),
        positions: count(() => 0),
        rowSequence: count((row) => row % sequences),
        rowPosition: count(() => 0),
        slots: count((row) => row % (sequences * blocksPerSequence * pageSize)),
        blockTable: new Int32Array(sequences * blocksPerSequence),
        blocksPerSequence,
        kv,
        logitRows: Int32Array.from({ length: sequences }, (_, row) => row),
      });
      const { peakBytes, reservedBytes } = memoryStats();
      const isRounded = format !== 'f32';
      const load = { tokens: rows, isRounded, isTrained: false, hasLoss: false };
      const workspace =
        device === 'cuda'
          ? cardWorkspaceBytes(model.config, { ...load, sequences, hasBf16Weights: format === 'bf16' })
          : workspaceBytes(model.config, load);
      const [kvPages, activations, gaps] = [resident - weights, peakBytes - resident, reservedBytes - peakBytes];
      return {
        parts: { weights, kvPages, activations, workspace, gaps },
        processBytes: reservedBytes + workspace,
      };
    } finally {
      kv.free();
      model.free();
    }
  });
}
