import type { Int4Parts } from '@hone/tensor';
import { bytesOfFloats, type StoredParts, type StoredWeight } from '../weight-source.js';
import type { QuantizedTensors } from '../quantized-tensors.js';

/** One linear weight [out, in] whose codes share a scale and a zero point by output and group of inputs. */
export interface GroupedWeight {
  readonly outFeatures: number;
  readonly inFeatures: number;
  /** Codes in a 32-bit word: 8 of 4 bits, or 4 of 8. */
  readonly perWord: number;
  readonly groups: number;
}

/** Takes qzeros [groups, out / perWord] and scales [groups, out], which GPTQ and AWQ share, or refuses their shapes. */
export function takeScales(tensors: QuantizedTensors, module: string, weight: GroupedWeight): void {
  const { outFeatures, perWord, groups } = weight;
  if (outFeatures % perWord !== 0) {
    throw tensors.bad(`${module}.qweight`, `its ${outFeatures} outputs do not fill words of ${perWord} zero points`);
  }
  tensors.take(`${module}.qzeros`, ['I32'], [groups, outFeatures / perWord]);
  tensors.take(`${module}.scales`, ['F16', 'BF16', 'F32'], [groups, outFeatures]);
}

/** How many groups the inputs make; a group size of -1 is one group. */
export function groupsOf(tensors: QuantizedTensors, module: string, inFeatures: number, groupSize: number): number {
  if (groupSize === -1) return 1;
  if (inFeatures % groupSize === 0) return inFeatures / groupSize;
  throw tensors.bad(`${module}.qweight`, `its ${inFeatures} inputs are no whole number of groups of ${groupSize}`);
}

export const wordsOf = (tensors: QuantizedTensors, name: string): Int32Array => {
  const bytes = tensors.files.bytes(name);
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  return new Int32Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 4);
};

/** What a reader unpacks of one weight. */
export interface GroupedValues {
  /** [in, out] and [groups, out], one code each. */
  readonly codes: (input: number, output: number) => number;
  readonly zeros: Float32Array;
  readonly scales: Float32Array;
  readonly groupOf: (input: number) => number;
}

/**
 * value[out, in] = scale[group, out] * (code[in, out] - zero[group, out]); exact in f32 for f16 scales. `isInOrder`: the groups
 * are runs of neighbouring inputs, which is what packed int4 holds.
 */
export function groupedWeight(weight: GroupedWeight, isInOrder: boolean, read: () => GroupedValues): StoredWeight {
  const { outFeatures, inFeatures, groups, perWord } = weight;
  const bytes = (): Uint8Array => {
    const { codes, zeros, scales, groupOf } = read();
    const values = new Float32Array(outFeatures * inFeatures);
    for (let input = 0; input < inFeatures; input++) {
      const group = groupOf(input) * outFeatures;
      for (let output = 0; output < outFeatures; output++) {
        const zero = zeros[group + output] as number;
        values[output * inFeatures + input] = (scales[group + output] as number) * (codes(input, output) - zero);
      }
    }
    return bytesOfFloats(values);
  };
  const groupSize = inFeatures / groups;
  const isKept = isInOrder && perWord === 8 && packedGroups.includes(groupSize);
  const parts: StoredParts = { format: 'int4', groupSize, read: () => int4Parts(weight, read()) };
  return { dtype: 'F32', shape: [outFeatures, inFeatures], bytes, ...(isKept && { parts }) };
}

/** The group sizes that the kernels of packed int4 read. */
const packedGroups = [32, 64, 128];

/** The same codes, scales and zero points in rows of one output, as packed int4 takes them. */
function int4Parts(
  { outFeatures, inFeatures, groups }: GroupedWeight,
  { codes, zeros, scales }: GroupedValues,
): Int4Parts {
  const bytes = new Uint8Array((outFeatures * inFeatures) / 2);
  const rowScales = new Float32Array(outFeatures * groups);
  const rowZeros = new Uint8Array(outFeatures * groups);
  for (let output = 0; output < outFeatures; output++) {
    const row = (output * inFeatures) / 2;
    for (let input = 0; input < inFeatures; input += 2) {
      bytes[row + input / 2] = (codes(input, output) << 4) | codes(input + 1, output);
    }
    for (let group = 0; group < groups; group++) {
      rowScales[output * groups + group] = scales[group * outFeatures + output] as number;
      rowZeros[output * groups + group] = zeros[group * outFeatures + output] as number;
    }
  }
  return { codes: bytes, scales: rowScales, zeros: rowZeros, groupSize: inFeatures / groups };
}
