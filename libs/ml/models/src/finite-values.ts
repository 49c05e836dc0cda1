import { refusal } from '@hone/base';

/** Refuses a tensor with NaN or infinity: a single one makes every answer of the model NaN. */
export function refuseNonFinite(name: string, dtype: string, bytes: Uint8Array): void {
  const at = firstNonFinite(dtype, bytes);
  if (at === undefined) return;
  const message = `[weights] expected finite numbers in ${name} but its element ${at} is NaN or infinite; fix: download the weights again, or take a checkpoint from before the training diverged`;
  throw refusal('non_finite_weight', message, { param: name, details: { tensor: name, element: at } });
}

/** The scales of a packed weight are its only floats: `parts` are the arrays that belong to it. */
export function refuseNonFiniteParts(name: string, parts: object): void {
  for (const part of Object.values(parts)) {
    if (part instanceof Float32Array) {
      refuseNonFinite(name, 'F32', new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
    }
  }
}

/**
 * In a word of 32 bits: the exponents of its one or two floats, the lowest bit of each, and the sign above each. All ones in an
 * exponent are NaN or infinity, and only then does adding its lowest bit carry into the sign.
 */
const exponents = {
  F32: { size: 4, mask: 0x7f800000, one: 0x00800000, signs: 0x80000000 | 0 },
  BF16: { size: 2, mask: 0x7f807f80, one: 0x00800080, signs: 0x80008000 | 0 },
  F16: { size: 2, mask: 0x7c007c00, one: 0x04000400, signs: 0x80008000 | 0 },
} as const;

/** The index of the first element that is NaN or infinite; undefined where there is none, and for types that are no floats. */
export function firstNonFinite(dtype: string, bytes: Uint8Array): number | undefined {
  const data = bytes.byteOffset % 8 === 0 ? bytes : bytes.slice();
  const place = [data.buffer, data.byteOffset] as const;
  const found = (at: number): number | undefined => (at < 0 ? undefined : at);
  if (dtype === 'F64') {
    const values = new Float64Array(...place, data.byteLength / 8);
    return found(values.findIndex((value) => !Number.isFinite(value)));
  }
  if (dtype !== 'F32' && dtype !== 'BF16' && dtype !== 'F16') return undefined;
  const { size, mask } = exponents[dtype];
  const words = new Int32Array(...place, data.byteLength >> 2);
  // An odd number of halves leaves one that no word holds.
  if (data.byteLength % 4 === 0 && !carries(words, exponents[dtype])) return undefined;
  if (size === 4) return found(words.findIndex((bits) => (bits & mask) === mask));
  const exponent = mask & 0xffff;
  return found(new Uint16Array(...place, data.byteLength / 2).findIndex((bits) => (bits & exponent) === exponent));
}

/** Without a branch in the loop: this reads every weight of a model. */
function carries(words: Int32Array, { mask, one, signs }: { mask: number; one: number; signs: number }): boolean {
  let carried = 0;
  for (let at = 0; at < words.length; at++) carried |= (((words[at] as number) & mask) + one) & signs;
  return carried !== 0;
}
