import { join } from 'node:path';
import { fromFloats, linear, onDevice, scoped } from '@hone/tensor';
import type { LoraAdapter, LoraModule } from '@hone/nn';
import { underBaseName } from './base-names.js';
import { weightMap, type WeightSpec } from './config/weight-map.js';
import { halvesFromFloats } from './formats/halves.js';
import { openWeights } from './formats/open-weights.js';
import { bytesOfFloats, ListedWeights, type StoredWeight, type WeightSource } from './formats/weight-source.js';
import { readModelConfig } from './load-model.js';
import type { ModelSource } from './model.js';
import { copyCompanions } from './save-model.js';
import { bf16FromFloats } from './safetensors/floats.js';
import { transpose } from './transpose.js';
import { writeSafetensors, type TensorToWrite } from './safetensors/writer.js';

/** scale B A [out, in]: B through a linear product whose weight is Aᵀ. */
export function updateOf({ a, b, scale }: LoraModule): Float32Array {
  const [rank, inFeatures] = a.shape as [number, number];
  const rows = a.floats();
  const columns = new Float32Array(rows.length);
  for (let row = 0; row < rank; row++) {
    for (let column = 0; column < inFeatures; column++) {
      columns[column * rank + row] = scale * (rows[row * inFeatures + column] as number);
    }
  }
  let update: Float32Array = new Float32Array();
  // On the processor whatever device holds the adapter: what is merged is rounded once, at the end.
  const product = () => {
    update = linear(fromFloats(b.floats(), b.shape), fromFloats(columns, [inFeatures, rank])).floats();
  };
  onDevice('cpu', () => scoped(product));
  return update;
}

/** The weights of a model with an adapter merged in, W + scale B A in f32, made when they are asked for. */
export function mergedWeights(
  files: WeightSource,
  specs: readonly WeightSpec[],
  adapter: LoraAdapter | undefined,
): WeightSource {
  const weights = specs.map(({ name, isTransposed }): [string, StoredWeight] => {
    const { dtype, shape } = files.entry(name);
    const module = adapter?.modules.get(name.replace(/\.weight$/, ''));
    if (!module) return [name, { dtype, shape, bytes: () => files.bytes(name) }];
    const bytes = () => bytesOfFloats(sum(files.floats(name), updateAsStored(module, isTransposed ?? false)));
    return [name, { dtype: 'F32', shape, bytes }];
  });
  return new ListedWeights(new Map(weights), () => files.close());
}

function updateAsStored(module: LoraModule, isTransposed: boolean): Float32Array {
  const [rows, columns] = [module.b.shape[0] as number, module.a.shape[1] as number];
  return isTransposed ? transpose(updateOf(module), rows, columns) : updateOf(module);
}

const sum = (a: Float32Array, b: Float32Array): Float32Array => a.map((value, i) => value + (b[i] as number));

type WritableType = 'BF16' | 'F16' | 'F32';

const torchNames: Readonly<Record<WritableType, string>> = { BF16: 'bfloat16', F16: 'float16', F32: 'float32' };

/** The type in which a weight of such a file is written again; quantised and wider ones become F32. */
function writableType(dtype: string): { dtype: WritableType; round: (floats: Float32Array) => ArrayBufferView } {
  if (dtype === 'BF16') return { dtype, round: bf16FromFloats };
  if (dtype === 'F16') return { dtype, round: halvesFromFloats };
  return { dtype: 'F32', round: (floats) => floats };
}

/**
 * Writes the base with an adapter merged in: W + scale B A, rounded once to the dtype of the base's files. The adapter is
 * read from the unquantised base, whatever format it was trained on. Without an adapter the base itself is written, plain.
 */
export function mergeAdapter(source: ModelSource, adapter: LoraAdapter | undefined, folder: string): void {
  const config = readModelConfig(source);
  const specs = weightMap(config);
  const files = underBaseName(openWeights(source), specs);
  try {
    const merged = mergedWeights(files, specs, adapter);
    const tensors = new Map<string, TensorToWrite & { dtype: WritableType }>(
      specs.map(({ name, shape }) => {
        const { dtype, round } = writableType(files.entry(name).dtype);
        return [name, { dtype, shape, data: () => round(merged.floats(name)) }];
      }),
    );
    const dtypes = new Set([...tensors.values()].map(({ dtype }) => dtype));
    const [only] = [...dtypes];
    copyCompanions(source, folder, dtypes.size === 1 && only !== undefined ? torchNames[only] : 'float32');
    writeSafetensors(join(folder, 'model.safetensors'), tensors, { format: 'pt' });
  } finally {
    files.close();
  }
}
