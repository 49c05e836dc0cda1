import type { TokenDataset } from './token-dataset.js';

/**
 * Rows laid end to end, and the places from which a learnt token is predicted. Only those go through the head: on chat rows,
 * where most tokens are prompt, that saves most of its work.
 */
export interface MicroBatch {
  readonly ids: Int32Array;
  readonly positions: Int32Array;
  readonly cuSeqlens: Int32Array;
  readonly wantedRows: Int32Array;
  /** The learnt token of each wanted row: the one that follows it. */
  readonly targets: Int32Array;
  /** Learnt tokens. */
  readonly targetCount: number;
}

export function microBatch(dataset: TokenDataset, rows: readonly number[], lengths: Int32Array): MicroBatch {
  const total = rows.reduce((sum, row) => sum + (lengths[row] as number), 0);
  const ids = new Int32Array(total);
  const positions = new Int32Array(total);
  const wantedRows = new Int32Array(total);
  const targets = new Int32Array(total);
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
        wantedRows[targetCount] = start + i - 1;
        targets[targetCount++] = tokens[i] as number;
      }
    }
    start += length;
    cuSeqlens[index + 1] = start;
  });
  const learnt = { wantedRows: wantedRows.subarray(0, targetCount), targets: targets.subarray(0, targetCount) };
  return { ids, positions, cuSeqlens, ...learnt, targetCount };
}
