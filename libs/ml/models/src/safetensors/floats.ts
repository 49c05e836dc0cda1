import type { SafetensorsDtype } from '@hone/base';

const aligned = (bytes: Uint8Array, size: number): Uint8Array =>
  bytes.byteOffset % size === 0 ? bytes : bytes.slice();

/** Any float type as f32 values; undefined for integers and the 8-bit floats, which no weight here uses. */
export function floatsFromBytes(dtype: SafetensorsDtype, bytes: Uint8Array): Float32Array | undefined {
  if (dtype === 'F32') {
    const at = aligned(bytes, 4);
    return new Float32Array(at.buffer, at.byteOffset, at.byteLength / 4);
  }
  if (dtype === 'F64') {
    const at = aligned(bytes, 8);
    return Float32Array.from(new Float64Array(at.buffer, at.byteOffset, at.byteLength / 8));
  }
  if (dtype !== 'BF16' && dtype !== 'F16') return undefined;
  const halves = halvesFromBytes(bytes);
  return dtype === 'BF16' ? floatsFromBf16(halves) : Float32Array.from(halves, floatFromF16);
}

/** The 16-bit patterns of a BF16 or F16 tensor. */
export function halvesFromBytes(bytes: Uint8Array): Uint16Array {
  const at = aligned(bytes, 2);
  return new Uint16Array(at.buffer, at.byteOffset, at.byteLength / 2);
}

/** bf16 is the upper half of f32. */
export function floatsFromBf16(halves: Uint16Array): Float32Array {
  const bits = new Uint32Array(halves.length);
  for (let i = 0; i < halves.length; i++) bits[i] = (halves[i] as number) << 16;
  return new Float32Array(bits.buffer);
}

/** f32 rounded to nearest even bf16, as PyTorch rounds; NaN stays NaN. */
export function bf16FromFloats(floats: Float32Array): Uint16Array {
  const bits = new Uint32Array(floats.buffer, floats.byteOffset, floats.length);
  const halves = new Uint16Array(floats.length);
  for (let i = 0; i < halves.length; i++) {
    const pattern = bits[i] as number;
    const isNaN = (pattern & 0x7fffffff) > 0x7f800000;
    halves[i] = isNaN ? (pattern >>> 16) | 0x40 : (pattern + 0x7fff + ((pattern >>> 16) & 1)) >>> 16;
  }
  return halves;
}

/** One IEEE half: sign, 5 exponent bits with bias 15, 10 fraction bits. */
export function floatFromF16(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >>> 10) & 31;
  const fraction = half & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
