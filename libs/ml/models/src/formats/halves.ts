const bits = new Uint32Array(1);
const single = new Float32Array(bits.buffer);

/** f32 -> IEEE half, rounded to nearest even; what is too large becomes infinite, NaN stays NaN. */
export function halfFromFloat(value: number): number {
  single[0] = value;
  const pattern = bits[0] as number;
  const sign = (pattern >>> 16) & 0x8000;
  const magnitude = pattern & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  // 65520 is half way between the largest half and the next power of two, and rounds up.
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude < 0x38800000) return sign | subnormal(Math.abs(value));
  const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1);
  return sign | ((rounded - 0x38000000) >>> 13);
}

/** Below 2^-14 a half counts steps of 2^-24; a count of 1024 is the smallest normal half, as it has to be. */
function subnormal(value: number): number {
  const steps = value * 2 ** 24;
  const floor = Math.floor(steps);
  const rest = steps - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}

export const halvesFromFloats = (floats: Float32Array): Uint16Array => Uint16Array.from(floats, halfFromFloat);
