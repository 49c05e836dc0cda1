import type { PackedBatch } from '@hone/models';
import type { TokenDataset } from './token-dataset.js';

/** Rows laid end to end with the target of every place: the next token where it is learnt, -1 elsewhere. */
export interface MicroBatch extends Pick<PackedBatch, 'ids' | 'positions' | 'cuSeqlens'> {
  readonly targets: Int32Array;
  /** Learnt tokens. */
  readonly targetCount: number;
}

export function microBatch(dataset: TokenDataset, rows: readonly number[], lengths: Int32Array): MicroBatch {
  const total = rows.reduce((sum, row) => sum + (lengths[row] as number), 0);
  const ids = new Int32Array(total);
  const positions = new Int32Array(total);
  const targets = new Int32Array(total).fill(-1);
  const cuSeqlens = new Int32Array(rows.length + 1);
  let start = 0;
  let targetCount = 0;
  rows.forEach((row, index) => {
    const length = lengths[row] as number;
    const tokens = dataset.tokens(row);
    const mask = dataset.labelsMask(row);
    for (let i = 0; i < length; i++) {
      ids[start + i] = tokens[i] as number;
      positions[start + i] = i;
      if (i > 0 && mask[i]) {
        targets[start + i - 1] = tokens[i] as number;
        targetCount++;
      }
    }
    start += length;
    cuSeqlens[index + 1] = start;
  });
  return { ids, positions, cuSeqlens, targets, targetCount };
}
