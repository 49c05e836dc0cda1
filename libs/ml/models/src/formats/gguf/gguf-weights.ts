import {
  GgufFields,
  ggufKindOf,
  ggufWordOf,
  refuseGguf,
  weightOfGguf,
  type GgufTensor,
  type GgufWeightName,
} from '@hone/base';
import { transpose } from '../../transpose.js';
import { bytesOfFloats, ListedWeights, type StoredWeight } from '../weight-source.js';
import { dequantizeGguf } from './dequantize.js';
import { unpermuteRows } from './permute.js';
import type { GgufFile } from './gguf-file.js';

/** Tables that a config.json states as parameters; they are no weights of the Hugging Face model. */
const tables = new Set(['rope_freqs.weight']);

/** The weights of a GGUF file under their Hugging Face names and as the Hugging Face folder has them. */
export function ggufWeights(file: GgufFile): ListedWeights {
  const fields = new GgufFields(file.name, file.header.fields);
  const kind = ggufKindOf(fields);
  const word = ggufWordOf(kind);
  const heads = {
    query: fields.size(`${word}.attention.head_count`),
    key: fields.size(`${word}.attention.head_count_kv`, fields.size(`${word}.attention.head_count`)),
  };
  const weights = new Map<string, StoredWeight>();
  for (const [name, tensor] of file.header.tensors) {
    if (tables.has(name)) continue;
    const home = weightOfGguf(kind, name);
    // A tensor without a place is kept under its own name, so that the check of the whole model names it.
    if (!home) weights.set(name, asStored(file, name, tensor));
    else if (home.isStacked) expertsOf(file, name, tensor, home).forEach(([own, weight]) => weights.set(own, weight));
    else weights.set(home.name, changed(file, name, tensor, home, heads));
  }
  return new ListedWeights(weights, () => file.close());
}

const isPlain = (type: string): boolean => type === 'F32' || type === 'F16' || type === 'BF16';

/** What lies in a tensor as a weight, from and to which of its bytes. */
function asStored(
  file: GgufFile,
  name: string,
  { type, shape: whole, begin, end }: GgufTensor,
  { shape, from, to }: { shape: readonly number[]; from: number; to: number } = {
    shape: whole,
    from: 0,
    to: end - begin,
  },
): StoredWeight {
  const bytes = (): Uint8Array => file.part(name, from, to);
  if (isPlain(type)) return { dtype: type, shape, bytes };
  return { dtype: 'F32', shape, bytes: () => bytesOfFloats(dequantizeGguf(type, bytes())) };
}

/** The matrices of E experts [E, out, in]: whole rows, and so whole blocks, follow each other. */
function expertsOf(file: GgufFile, name: string, tensor: GgufTensor, home: GgufWeightName): [string, StoredWeight][] {
  const [experts = 0, ...shape] = tensor.shape;
  if (shape.length !== 2) throw refuseGguf(file.name, `tensor ${name} has no matrix for each of its experts`);
  const bytes = (tensor.end - tensor.begin) / experts;
  return Array.from({ length: experts }, (_, expert) => {
    const part = { shape, from: expert * bytes, to: (expert + 1) * bytes };
    return [home.name.replace('*', `${expert}`), asStored(file, name, tensor, part)];
  });
}

function changed(
  file: GgufFile,
  name: string,
  tensor: GgufTensor,
  home: GgufWeightName,
  heads: { query: number; key: number },
): StoredWeight {
  const { shape } = tensor;
  const [rows = 0, columns = 1] = shape;
  switch (home.change) {
    case 'none':
      return asStored(file, name, tensor);
    case 'minus-one':
      return { dtype: 'F32', shape, bytes: () => bytesOfFloats(file.floats(name).map((factor) => factor - 1)) };
    case 'transpose': {
      if (shape.length !== 2) throw refuseGguf(file.name, `tensor ${name} is no matrix`);
      const turned = () => bytesOfFloats(transpose(file.floats(name), rows, columns));
      return { dtype: 'F32', shape: [columns, rows], bytes: turned };
    }
    case 'unpermute': {
      const count = heads[home.heads as 'query' | 'key'];
      if (rows % (2 * count) !== 0) {
        throw refuseGguf(file.name, `tensor ${name} has ${rows} rows, expected whole pairs in each of ${count} heads`);
      }
      return { dtype: 'F32', shape, bytes: () => bytesOfFloats(unpermuteRows(file.floats(name), shape, count)) };
    }
  }
}
