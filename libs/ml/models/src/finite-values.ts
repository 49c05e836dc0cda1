import { refusal } from '@hone/base';
import { areFinite } from '@hone/tensor';

/** Refuses a tensor with NaN or infinity: a single one makes every answer of the model NaN. */
export function refuseNonFinite(name: string, dtype: string, bytes: Uint8Array): void {
  const at = firstNonFinite(dtype, bytes);
  if (at === undefined) return;
  const message = `[weights] expected finite numbers in ${name} but its element ${at} is NaN or infinite; fix: download the weights again, or take a checkpoint from before the training diverged`;
  throw refusal('non_finite_weight', message, { param: name, details: { tensor: name, element: at } });
}

/** Refuses numbers that become infinite where a device rounds them to `dtype`, for the same reason. */
export function refuseOverflow(name: string, values: Float32Array, dtype: 'f32' | 'bf16'): void {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  if (areFinite(bytes, 'f32', dtype)) return;
  const at = values.findIndex((value) => Math.abs(value) >= overflows[dtype]);
  const message = `[weights] expected numbers that ${dtype} can hold in ${name} but its element ${at} becomes infinite; fix: take a checkpoint from before the training diverged`;
  throw refusal('weight_overflow', message, { param: name, details: { tensor: name, element: at } });
}

/** What rounds to infinity: half a unit above the largest bf16, (2 - 2^-8) 2^127, ties to even. */
const overflows = { f32: Infinity, bf16: (2 - 2 ** -8) * 2 ** 127 } as const;

/** The scales of a packed weight are its only floats: `parts` are the arrays that belong to it. */
export function refuseNonFiniteParts(name: string, parts: object): void {
  for (const part of Object.values(parts)) {
    if (part instanceof Float32Array) {
      refuseNonFinite(name, 'F32', new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
    }
  }
}

/** The bits of the exponent: all ones are NaN or infinity. */
const exponents = { f32: 0x7f800000, bf16: 0x7f80, f16: 0x7c00 } as const;
const dtypes: Readonly<Record<string, keyof typeof exponents | undefined>> = { F32: 'f32', BF16: 'bf16', F16: 'f16' };

/** The index of the first element that is NaN or infinite; undefined where there is none, and for types that are no floats. */
export function firstNonFinite(dtype: string, bytes: Uint8Array): number | undefined {
  const name = dtypes[dtype];
  if (name !== undefined && areFinite(bytes, name)) return undefined;
  if (name === undefined && dtype !== 'F64') return undefined;
  const data = bytes.byteOffset % 8 === 0 ? bytes : bytes.slice();
  const place = [data.buffer, data.byteOffset] as const;
  const found = (at: number): number | undefined => (at < 0 ? undefined : at);
  if (name === undefined) {
    const values = new Float64Array(...place, data.byteLength / 8);
    return found(values.findIndex((value) => !Number.isFinite(value)));
  }
  const mask = exponents[name];
  const values =
    name === 'f32' ? new Int32Array(...place, data.byteLength / 4) : new Uint16Array(...place, data.byteLength / 2);
  return found(values.findIndex((bits: number) => (bits & mask) === mask));
}
