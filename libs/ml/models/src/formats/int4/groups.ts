import { bytesOfFloats, type StoredWeight } from '../weight-source.js';
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

/** value[out, in] = scale[group, out] * (code[in, out] - zero[group, out]); exact in f32 for f16 scales. */
export function restoredWeight(
  weight: GroupedWeight,
  read: () => {
    /** [in, out] and [groups, out], one code each. */
    codes: (input: number, output: number) => number;
    zeros: Float32Array;
    scales: Float32Array;
    groupOf: (input: number) => number;
  },
): StoredWeight {
  const { outFeatures, inFeatures } = weight;
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
  return { dtype: 'F32', shape: [outFeatures, inFeatures], bytes };
}
