import type { CheckpointQuantization } from '@hone/base';
import type { StoredWeight } from '../weight-source.js';
import type { QuantizedTensors } from '../quantized-tensors.js';
import { groupedWeight, groupsOf, takeScales, wordsOf, type GroupedWeight } from './groups.js';

type Gptq = Extract<CheckpointQuantization, { method: 'gptq' }>;

/**
 * GPTQ (Frantar et al. 2022) as AutoGPTQ stores it: `qweight` [in / k, out] holds k = 32 / bits codes of one output in a word, the
 * first in the lowest bits; `qzeros` the zero points along the outputs, each less one in the first format; `g_idx` the group of
 * every input, which is in no order where activations decided it (desc_act).
 */
export function gptqWeights(
  tensors: QuantizedTensors,
  { bits, groupSize, zeroOffset }: Gptq,
): Map<string, StoredWeight> {
  const weights = new Map<string, StoredWeight>();
  const perWord = 32 / bits;
  const mask = 2 ** bits - 1;
  for (const codesName of tensors.left.filter((name) => name.endsWith('.qweight'))) {
    const module = codesName.slice(0, -'.qweight'.length);
    const [rows = 0, outFeatures = 0] = tensors.take(codesName, ['I32'], [-1, -1]).shape;
    const inFeatures = rows * perWord;
    const groups = groupsOf(tensors, module, inFeatures, groupSize);
    const weight: GroupedWeight = { outFeatures, inFeatures, perWord, groups };
    takeScales(tensors, module, weight);
    const indexName = `${module}.g_idx`;
    const isIndexed = tensors.has(indexName);
    if (isIndexed) tensors.take(indexName, ['I32'], [inFeatures]);
    const inGroup = inFeatures / groups;
    const index = isIndexed ? indexOf(tensors, indexName, groups) : undefined;
    const isInOrder = index?.every((group, input) => group === Math.floor(input / inGroup)) ?? true;
    const read = () => {
      const words = wordsOf(tensors, codesName);
      return {
        codes: (input: number, output: number): number =>
          ((words[Math.floor(input / perWord) * outFeatures + output] as number) >>> ((input % perWord) * bits)) & mask,
        zeros: zerosOf(wordsOf(tensors, `${module}.qzeros`), bits, zeroOffset),
        scales: tensors.files.floats(`${module}.scales`),
        groupOf: (input: number): number => (index ? (index[input] as number) : Math.floor(input / inGroup)),
      };
    };
    weights.set(`${module}.weight`, groupedWeight(weight, isInOrder, read));
  }
  return weights;
}

function indexOf(tensors: QuantizedTensors, name: string, groups: number): Int32Array {
  const index = wordsOf(tensors, name);
  const wrong = index.find((group) => group < 0 || group >= groups);
  if (wrong !== undefined) throw tensors.bad(name, `it names the group ${wrong} but there are ${groups}`);
  return index;
}

/** [groups, out] as numbers; adding one to the largest code gives one more than it, as the kernels of the format compute. */
function zerosOf(words: Int32Array, bits: number, offset: number): Float32Array {
  const perWord = 32 / bits;
  const mask = 2 ** bits - 1;
  return Float32Array.from({ length: words.length * perWord }, (_, i) => {
    const word = words[Math.floor(i / perWord)] as number;
    return ((word >>> ((i % perWord) * bits)) & mask) + offset;
  });
}
