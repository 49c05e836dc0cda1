import { empty, keep, type Tensor } from '@hone/tensor';
import type { ModelConfig } from './config/model-config.js';
import type { KvCache } from './model.js';

/** f32 keys and values of all layers in one page. */
export const kvBytesPerPage = ({ layers, kvHeads, headDim }: ModelConfig, pageSize: number): number =>
  2 * 4 * layers * kvHeads * headDim * pageSize;

export function newKvCache(config: ModelConfig, pages: number, pageSize: number): KvCache {
  const shape = [pages, config.kvHeads, pageSize, config.headDim];
  const perLayer = (): Tensor[] => Array.from({ length: config.layers }, () => keep(empty(shape)));
  const [keys, values] = [perLayer(), perLayer()];
  return {
    pages,
    pageSize,
    bytes: pages * kvBytesPerPage(config, pageSize),
    keys,
    values,
    free: () => {
      for (const tensor of [...keys, ...values]) tensor.free();
    },
  };
}
