import type { CheckpointQuantization } from '@hone/base';

interface TensorList {
  readonly tensors: ReadonlyMap<string, { readonly shape: readonly number[] }>;
}

/** What quantised checkpoints keep beside the codes of a weight. */
const companions =
  /\.(absmax|nested_absmax|quant_map|nested_quant_map|quant_state\.bitsandbytes__[a-z0-9]+|SCB|weight_format|qzeros|scales|g_idx)$/;

/** How many numbers a model has; packed codes count as the weights that they stand for. */
export function parametersOf(files: readonly TensorList[], quantization: CheckpointQuantization | undefined): number {
  let total = 0;
  for (const { tensors } of files)
    for (const [name, { shape }] of tensors) {
      if (quantization && companions.test(name)) continue;
      const elements = shape.reduce((product, size) => product * size, 1);
      total += elements * codesPerElement(name, tensors, quantization);
    }
  return total;
}

function codesPerElement(
  name: string,
  tensors: TensorList['tensors'],
  quantization: CheckpointQuantization | undefined,
): number {
  if (quantization?.method === 'bitsandbytes') return quantization.bits === 4 && tensors.has(`${name}.absmax`) ? 2 : 1;
  return quantization && name.endsWith('.qweight') ? 32 / quantization.bits : 1;
}
