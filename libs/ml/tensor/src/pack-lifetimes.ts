/** Memory that is needed from op `begin` up to, not including, op `end`. */
export interface Lifetime {
  readonly begin: number;
  readonly end: number;
  readonly bytes: number;
}

// A cache line, and the widest vector.
const alignment = 64;

/**
 * Places lifetimes in one arena so that no two that overlap in time share bytes: the largest first, each at the lowest offset that
 * is free for all of its life (greedy by size, Pisarchyk and Lee, arXiv 2001.03288). Gives offsets in bytes and the arena's size.
 */
export function packLifetimes(lifetimes: readonly Lifetime[]): { offsets: number[]; bytes: number } {
  const sizes = lifetimes.map(({ bytes }) => Math.max(alignment, Math.ceil(bytes / alignment) * alignment));
  const order = [...lifetimes.keys()].sort((a, b) => (sizes[b] as number) - (sizes[a] as number) || a - b);
  const offsets = new Array<number>(lifetimes.length).fill(0);
  const placed: number[] = [];
  let bytes = 0;
  for (const index of order) {
    const { begin, end } = lifetimes[index] as Lifetime;
    const beside = placed.filter((other) => {
      const { begin: otherBegin, end: otherEnd } = lifetimes[other] as Lifetime;
      return begin < otherEnd && otherBegin < end;
    });
    let offset = 0;
    for (const other of beside) {
      // `placed` is kept in the order of offsets, so the first gap that is wide enough is the lowest.
      if (offset + (sizes[index] as number) <= (offsets[other] as number)) break;
      offset = Math.max(offset, (offsets[other] as number) + (sizes[other] as number));
    }
    offsets[index] = offset;
    bytes = Math.max(bytes, offset + (sizes[index] as number));
    const after = placed.findIndex((other) => (offsets[other] as number) > offset);
    placed.splice(after < 0 ? placed.length : after, 0, index);
  }
  return { offsets, bytes };
}
