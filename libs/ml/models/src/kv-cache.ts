import { activationDType, deviceOfNewTensors, devices, empty, keep, type Tensor, zeros } from '@hone/tensor';
import type { ModelConfig } from './config/model-config.js';
import type { BaseFormat, KvCache } from './model.js';

/**
 * How a base of a format multiplies in attention, and so what its pages hold: only f32 weights keep everything in f32, and only where
 * activations are.
 */
export const attentionPrecision = (format: BaseFormat): 'f32' | 'bf16' =>
  format === 'f32' ? activationDType() : 'bf16';

/** Keys and values of all layers in one page. */
export const kvBytesPerPage = (
  { layers, kvHeads, headDim }: ModelConfig,
  format: BaseFormat,
  pageSize: number,
): number => 2 * (attentionPrecision(format) === 'f32' ? 4 : 2) * layers * kvHeads * headDim * pageSize;

export function newKvCache(config: ModelConfig, format: BaseFormat, pages: number, pageSize: number): KvCache {
  const shape = [pages, config.kvHeads, pageSize, config.headDim];
  // A captured step has rows without a sequence, which look at a page that perhaps nobody has written: numbers must be there.
  const made = devices[deviceOfNewTensors()].isQueued ? zeros : empty;
  const perLayer = (): Tensor[] =>
    Array.from({ length: config.layers }, () => keep(made(shape, attentionPrecision(format))));
  const [keys, values] = [perLayer(), perLayer()];
  return {
    pages,
    pageSize,
    bytes: pages * kvBytesPerPage(config, format, pageSize),
    keys,
    values,
    free: () => {
      for (const tensor of [...keys, ...values]) tensor.free();
    },
  };
}
