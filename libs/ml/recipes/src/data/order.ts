import { seeded, shuffledIndices } from '@hone/base';

export type Sampling = 'random' | 'sequential' | 'group_by_length';

export interface OrderOptions {
  readonly sampling: Sampling;
  readonly seed: number;
  readonly epoch: number;
  /** Units per step: groups of equal length are made within fifty of these. */
  readonly batchUnits: number;
}

/** The order of one epoch; it depends on the seed and the epoch alone. */
export function epochOrder(
  lengths: readonly number[],
  { sampling, seed, epoch, batchUnits }: OrderOptions,
): Uint32Array {
  if (sampling === 'sequential') return Uint32Array.from(lengths, (_, unit) => unit);
  const order = shuffledIndices(lengths.length, seeded(seed, 'epoch', epoch));
  if (sampling === 'random') return order;
  // As in transformers: sorted by falling length inside mega-batches, so batches are even and epochs still differ.
  const mega = batchUnits * 50;
  for (let start = 0; start < order.length; start += mega) {
    order.subarray(start, start + mega).sort((a, b) => (lengths[b] as number) - (lengths[a] as number) || a - b);
  }
  return order;
}
