import type { CheckpointQuantization } from '@hone/base';
import type { StoredWeight } from '../weight-source.js';
import type { QuantizedTensors } from '../quantized-tensors.js';
import { groupedWeight, groupsOf, takeScales, wordsOf, type GroupedWeight } from './groups.js';

type Awq = Extract<CheckpointQuantization, { method: 'awq' }>;

const perWord = 8;

/** The bit at which the code of each of the eight outputs of a word stands: the nibbles hold outputs 0, 2, 4, 6, 1, 3, 5, 7. */
const shiftOf = [0, 16, 4, 20, 8, 24, 12, 28];

/**
 * AWQ (Lin et al. 2023) as AutoAWQ's gemm kernels store it: `qweight` [in, out / 8] and `qzeros` [groups, out / 8] hold the codes
 * of eight neighbouring outputs in a word, in the order that lets the kernel unpack pairs.
 */
export function awqWeights(tensors: QuantizedTensors, { groupSize }: Awq): Map<string, StoredWeight> {
  const weights = new Map<string, StoredWeight>();
  for (const codesName of tensors.left.filter((name) => name.endsWith('.qweight'))) {
    const module = codesName.slice(0, -'.qweight'.length);
    const [inFeatures = 0, columns = 0] = tensors.take(codesName, ['I32'], [-1, -1]).shape;
    const groups = groupsOf(tensors, module, inFeatures, groupSize);
    const weight: GroupedWeight = { outFeatures: columns * perWord, inFeatures, perWord, groups };
    takeScales(tensors, module, weight);
    const inGroup = inFeatures / groups;
    const read = () => {
      const words = wordsOf(tensors, codesName);
      const zeroWords = wordsOf(tensors, `${module}.qzeros`);
      const codeAt = (from: Int32Array, row: number, output: number): number =>
        ((from[row * columns + (output >> 3)] as number) >>> (shiftOf[output & 7] as number)) & 15;
      const zeros = Float32Array.from({ length: groups * weight.outFeatures }, (_, i) =>
        codeAt(zeroWords, Math.floor(i / weight.outFeatures), i % weight.outFeatures),
      );
      return {
        codes: (input: number, output: number): number => codeAt(words, input, output),
        zeros,
        scales: tensors.files.floats(`${module}.scales`),
        groupOf: (input: number): number => Math.floor(input / inGroup),
      };
    };
    weights.set(`${module}.weight`, groupedWeight(weight, true, read));
  }
  return weights;
}
