import type { CausalModel } from '@hone/models';
import { pagesOfRank } from '@hone/nn';
import { deviceOfNewTensors, devices } from '@hone/tensor';

/** The rank that most adapters have, by which pools are measured; others fit, or are refused with the reason. */
const usualRank = 16;

/** What the pool of pages of a base is asked for. */
export interface PoolDemand {
  /** Pages of the longest sequence. */
  readonly perSequence: number;
  /** Pages of an adapter of rank 16 on every linear module; 0 where adapters have matrices of their own. */
  readonly perAdapter: number;
  /** More pages than that nobody ever takes. */
  readonly most: number;
}

export function poolDemand(
  model: CausalModel,
  { blockSize, sequencesMax, adaptersMax }: { blockSize: number; sequencesMax: number; adaptersMax: number },
): PoolDemand {
  const { kvHeads, headDim, maxPositions } = model.shape;
  // On a card one graph serves every mixture of adapters; elsewhere each adapter's rows are a product of their own.
  const isPaged = devices[deviceOfNewTensors()].isQueued && model.canPageAdapters && adaptersMax > 0;
  const perSequence = Math.ceil(maxPositions / blockSize);
  const perAdapter = isPaged ? pagesOfRank(model.moduleLayers, usualRank, kvHeads * blockSize * headDim) : 0;
  return { perSequence, perAdapter, most: sequencesMax * perSequence + adaptersMax * perAdapter };
}

/**
 * Pages that adapters may hold together: what is left beside the longest sequence, and of a pool that is small for that, half. Sequences
 * then always find room for one of them, and adapters for some.
 */
export const adapterPagesMax = (pages: number, { perSequence, perAdapter }: PoolDemand): number =>
  perAdapter === 0 ? 0 : pages - Math.min(perSequence, Math.ceil(pages / 2));

/** Why no sequence of `lengthMax` tokens gets as long as the model's: said once, when the pool is made. */
export function shortBecause(pages: number, adapterPages: number, blockSize: number): string {
  const room = `the key-value cache has room for ${pages * blockSize} tokens`;
  const more = 'raise HONE_SERVING_KV_MEGABYTES_MAX';
  if (adapterPages === 0) return `${room}; fix: ${more}`;
  return (
    `${room}, and adapters may take that of ${adapterPages * blockSize}; fix: ${more}, or serve no adapters ` +
    '(HONE_SERVING_ADAPTERS_MAX=0)'
  );
}

/** The smallest pool that serves a sequence of so many tokens, and one adapter beside it. */
export function poolLeast(tokens: number, blockSize: number, { perSequence, perAdapter }: PoolDemand): number {
  const sequence = Math.ceil(tokens / blockSize);
  if (perAdapter === 0) return sequence;
  return perAdapter >= perSequence ? perSequence + perAdapter : 2 * Math.max(sequence, perAdapter);
}
