import { GgufFields, refuseGguf, weightOfGguf, type GgufTensor, type GgufWeightName } from '@hone/base';
import { bytesOfFloats, ListedWeights, type StoredWeight } from '../weight-source.js';
import { unpermuteRows } from './permute.js';
import type { GgufFile } from './gguf-file.js';

/** Tables that a config.json states as parameters; they are no weights of the Hugging Face model. */
const tables = new Set(['rope_freqs.weight']);

/** The weights of a GGUF file under their Hugging Face names and in the row order of the Hugging Face model. */
export function ggufWeights(file: GgufFile): ListedWeights {
  const fields = new GgufFields(file.name, file.header.fields);
  const architecture = fields.text('general.architecture');
  const heads = {
    query: fields.size(`${architecture}.attention.head_count`),
    key: fields.size(`${architecture}.attention.head_count_kv`, fields.size(`${architecture}.attention.head_count`)),
  };
  const weights = new Map<string, StoredWeight>();
  for (const [name, tensor] of file.header.tensors) {
    if (tables.has(name)) continue;
    const home = weightOfGguf(architecture, name);
    // A tensor without a place is kept under its own name, so that the check of the whole model names it.
    weights.set(home?.name ?? name, storedWeight(file, name, tensor, home, heads));
  }
  return new ListedWeights(weights, () => file.close());
}

function storedWeight(
  file: GgufFile,
  name: string,
  tensor: GgufTensor,
  home: GgufWeightName | undefined,
  heads: { query: number; key: number },
): StoredWeight {
  const { shape, type } = tensor;
  if (!home?.heads) {
    const isPlain = type === 'F32' || type === 'F16' || type === 'BF16';
    if (isPlain) return { dtype: type, shape, bytes: () => file.bytes(name) };
    return { dtype: 'F32', shape, bytes: () => bytesOfFloats(file.floats(name)) };
  }
  const count = heads[home.heads];
  if ((shape[0] as number) % (2 * count) !== 0) {
    throw refuseGguf(file.name, `tensor ${name} has ${shape[0]} rows, expected whole pairs in each of ${count} heads`);
  }
  return { dtype: 'F32', shape, bytes: () => bytesOfFloats(unpermuteRows(file.floats(name), shape, count)) };
}
