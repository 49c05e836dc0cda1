import { ggmlLayouts } from '@hone/base';
import { bytesOfFloats } from '../weight-source.js';
import { halfFromFloat, halvesFromFloats } from '../halves.js';

/** The types that weights are written in. */
export type WrittenGgmlType = 'F32' | 'F16' | 'Q8_0' | 'Q4_0';

/** One block of 32 values from `at` on, written to `to`; all arithmetic in f32, as the reference has it. */
type QuantizeBlock = (values: Float32Array, at: number, out: DataView, to: number) => void;

const { fround, floor, abs, sign, trunc } = Math;

/** code = round(x / d) with d = max |x| / 127, halves away from zero (ggml-quants.c, quantize_row_q8_0_ref). */
const q8: QuantizeBlock = (values, at, out, to) => {
  let largest = 0;
  for (let i = 0; i < 32; i++) largest = Math.max(largest, abs(values[at + i] as number));
  const scale = fround(largest / 127);
  const inverse = scale === 0 ? 0 : fround(1 / scale);
  out.setUint16(to, halfFromFloat(scale), true);
  for (let i = 0; i < 32; i++) {
    const scaled = fround((values[at + i] as number) * inverse);
    const whole = floor(abs(scaled));
    out.setInt8(to + 2 + i, sign(scaled) * (whole + floor(2 * (abs(scaled) - whole))));
  }
};

/** The value of largest magnitude becomes code 0 (-8), so that d bears its sign (quantize_row_q4_0_ref). */
const q4: QuantizeBlock = (values, at, out, to) => {
  let largest = values[at] as number;
  for (let i = 1; i < 32; i++) {
    const value = values[at + i] as number;
    if (abs(value) > abs(largest)) largest = value;
  }
  const scale = fround(largest / -8);
  const inverse = scale === 0 ? 0 : fround(1 / scale);
  const codeOf = (value: number): number => Math.min(15, trunc(fround(fround(value * inverse) + 8.5)));
  out.setUint16(to, halfFromFloat(scale), true);
  for (let i = 0; i < 16; i++) {
    out.setUint8(to + 2 + i, codeOf(values[at + i] as number) | (codeOf(values[at + 16 + i] as number) << 4));
  }
};

/** The bytes of a tensor in a GGML type; `values` is a whole number of blocks. */
export function quantizeGguf(type: WrittenGgmlType, values: Float32Array): Uint8Array {
  if (type === 'F32') return bytesOfFloats(values);
  if (type === 'F16') return new Uint8Array(halvesFromFloats(values).buffer);
  const layout = ggmlLayouts[type];
  const bytes = new Uint8Array((values.length / layout.values) * layout.bytes);
  const view = new DataView(bytes.buffer);
  const quantize = type === 'Q8_0' ? q8 : q4;
  for (let block = 0; block * layout.values < values.length; block++) {
    quantize(values, block * layout.values, view, block * layout.bytes);
  }
  return bytes;
}
