import { loraRowStride } from '@hone/tensor';
import type { AdaptableModule } from './lora-adapter.js';
import type { StoredModule } from './stored-adapter.js';

/** Where a module's A [rank, in] and B [out, rank] begin among the numbers of its layer, in elements; rows of B are whole vectors. */
export interface ModuleLayout {
  readonly atA: number;
  readonly atB: number;
  readonly rank: number;
  readonly scale: number;
}

/** How an adapter lies on pages, whichever they are. */
export interface AdapterLayout {
  readonly modules: ReadonlyMap<string, ModuleLayout>;
  /** Pages of `elements` numbers in each tensor that hold it. */
  pages(elements: number): number;
}

/** Matrices begin on whole vectors of 16 bytes: where pages are whole vectors too, none lies on two of them. */
const aligned = (elements: number): number => Math.ceil(elements / 8) * 8;

/**
 * The matrices of an adapter one after the other, layer by layer: each A in the keys of its layer, each B in its values. A page has room
 * in every layer, so that the fullest layer says how many pages there are.
 */
export function layoutOf(
  layers: readonly (readonly AdaptableModule[])[],
  modules: ReadonlyMap<string, Pick<StoredModule, 'scale'> & { readonly a: { readonly shape: readonly number[] } }>,
): AdapterLayout {
  const places = new Map<string, ModuleLayout>();
  let most = 0;
  for (const layer of layers) {
    let [atA, atB] = [0, 0];
    for (const { path, inFeatures, outFeatures } of layer) {
      const module = modules.get(path);
      if (!module) continue;
      const [rank = 0] = module.a.shape;
      places.set(path, { atA, atB, rank, scale: module.scale });
      atA += aligned(rank * inFeatures);
      atB += loraRowStride(rank) * outFeatures;
    }
    most = Math.max(most, atA, atB);
  }
  return { modules: places, pages: (elements) => Math.ceil(most / elements) };
}

/** Pages of an adapter of one rank on every module. */
export const pagesOfRank = (layers: readonly (readonly AdaptableModule[])[], rank: number, elements: number): number =>
  layoutOf(layers, new Map(layers.flat().map(({ path }) => [path, { scale: 1, a: { shape: [rank] } }]))).pages(
    elements,
  );
