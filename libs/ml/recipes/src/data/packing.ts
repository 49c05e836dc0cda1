/** What is drawn as one item of a batch: one row, or several rows that together fill max_length. */
export type Unit = readonly number[];

export const oneRowEach = (rows: number): Unit[] => Array.from({ length: rows }, (_, row) => [row]);

/**
 * Best-fit decreasing (Ding et al., arXiv 2404.10830): longest row first, each into the fullest bin that still has room, so
 * that nearly every bin is full and no row is cut. Bins are fixed for the whole run; epochs shuffle them.
 */
export function packUnits(lengths: Int32Array, maxLength: number): Unit[] {
  const order = [...lengths.keys()].sort((a, b) => (lengths[b] as number) - (lengths[a] as number) || a - b);
  const bins: number[][] = [];
  // bySpace[n] = bins with exactly n tokens of room left, last in first out.
  const bySpace = new Map<number, number[]>();
  const put = (bin: number, space: number) => {
    const list = bySpace.get(space);
    if (list) list.push(bin);
    else bySpace.set(space, [bin]);
  };
  for (const row of order) {
    const length = lengths[row] as number;
    let space = length;
    while (space <= maxLength && !bySpace.get(space)?.length) space++;
    const bin = bySpace.get(space)?.pop();
    if (bin === undefined) {
      bins.push([row]);
      put(bins.length - 1, maxLength - length);
    } else {
      (bins[bin] as number[]).push(row);
      put(bin, space - length);
    }
  }
  return bins;
}
