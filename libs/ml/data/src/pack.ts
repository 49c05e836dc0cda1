/** Counts of open bins by free room, with the smallest sufficient room found in O(log capacity). */
class RoomTree {
  readonly #leaves: number;
  readonly #counts: Uint32Array;

  constructor(capacity: number) {
    this.#leaves = 2 ** Math.ceil(Math.log2(capacity + 1));
    this.#counts = new Uint32Array(2 * this.#leaves);
  }

  change(room: number, by: 1 | -1): void {
    for (let node = this.#leaves + room; node >= 1; node >>= 1)
      this.#counts[node] = (this.#counts[node] as number) + by;
  }

  /** The smallest room of at least `least` that an open bin has. */
  smallestFrom(least: number): number | undefined {
    let node = this.#leaves + least;
    if (this.#has(node)) return least;
    // Up until a right sibling has bins, then down its left edge.
    while (node > 1 && !(node % 2 === 0 && this.#has(node + 1))) node >>= 1;
    if (node <= 1) return undefined;
    node++;
    while (node < this.#leaves) node = this.#has(2 * node) ? 2 * node : 2 * node + 1;
    return node - this.#leaves;
  }

  #has(node: number): boolean {
    return (this.#counts[node] ?? 0) > 0;
  }
}

/**
 * Best-fit decreasing: sequences, longest first, each into the fullest bin that still has room (Johnson 1973; at most 11/9 of the
 * best number of bins plus one). Returns the sequence numbers of each bin; the same lengths give the same plan.
 */
export function packBestFit(lengths: readonly number[], capacity: number): number[][] {
  const order = lengths
    .map((_, index) => index)
    .sort((a, b) => (lengths[b] as number) - (lengths[a] as number) || a - b);
  const tree = new RoomTree(capacity);
  const open = new Map<number, number[]>();
  const bins: number[][] = [];
  for (const index of order) {
    const length = lengths[index] as number;
    if (length > capacity)
      throw new RangeError(`[pack] expected lengths of at most ${capacity} but sequence ${index} has ${length}`);
    const room = tree.smallestFrom(length);
    let bin: number;
    if (room === undefined) bin = bins.push([]) - 1;
    else {
      bin = open.get(room)?.pop() as number;
      tree.change(room, -1);
    }
    (bins[bin] as number[]).push(index);
    const left = (room ?? capacity) - length;
    tree.change(left, 1);
    const others = open.get(left);
    if (others) others.push(bin);
    else open.set(left, [bin]);
  }
  return bins;
}
