import { bug } from '../errors.js';
import { ggufValueTypes } from './fields.js';
import { ggmlLayouts, type GgmlType } from './types.js';

/** A metadata value with its type in the file; numbers do not say theirs. */
export type GgufField =
  | { readonly type: 'uint32' | 'int32' | 'float32'; readonly value: number }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'strings'; readonly value: readonly string[] }
  | { readonly type: 'float32s' | 'int32s'; readonly value: readonly number[] };

/** A tensor that will follow the header: shape row-major, as in safetensors. */
export interface GgufTensorPlan {
  readonly name: string;
  readonly type: GgmlType;
  readonly shape: readonly number[];
}

const alignment = 32;
const padding = (bytes: number): number => (alignment - (bytes % alignment)) % alignment;

export function ggufTensorBytes({ type, shape }: GgufTensorPlan): number {
  const { values, bytes } = ggmlLayouts[type];
  return (shape.reduce((product, size) => product * size, 1) / values) * bytes;
}

/** Bytes that follow a tensor, so that the next one begins at a multiple of 32. */
export const ggufPaddingAfter = (plan: GgufTensorPlan): Uint8Array => new Uint8Array(padding(ggufTensorBytes(plan)));

/** The head of a GGUF file, version 3, up to where the data of the first tensor begins. */
export function ggufHead(fields: ReadonlyMap<string, GgufField>, plans: readonly GgufTensorPlan[]): Uint8Array {
  const pieces: Uint8Array[] = [];
  const push = (bytes: Uint8Array): void => void pieces.push(bytes);
  push(new TextEncoder().encode('GGUF'));
  push(number('uint32', 3));
  push(u64(plans.length));
  push(u64(fields.size));
  for (const [key, field] of fields) {
    push(text(key));
    push(valueBytes(field));
  }
  let offset = 0;
  for (const plan of plans) {
    push(text(plan.name));
    push(number('uint32', plan.shape.length));
    for (const size of [...plan.shape].reverse()) push(u64(size));
    push(number('uint32', ggmlLayouts[plan.type].id));
    push(u64(offset));
    const bytes = ggufTensorBytes(plan);
    if (!Number.isInteger(bytes)) throw bug('gguf', `[gguf] expected whole blocks of ${plan.type} for ${plan.name}`);
    offset += bytes + padding(bytes);
  }
  const length = pieces.reduce((sum, { byteLength }) => sum + byteLength, 0);
  push(new Uint8Array(padding(length)));
  return Buffer.concat(pieces);
}

function valueBytes(field: GgufField): Uint8Array {
  switch (field.type) {
    case 'string':
      return join([number('uint32', ggufValueTypes.string), text(field.value)]);
    case 'bool':
      return join([number('uint32', ggufValueTypes.bool), Uint8Array.of(field.value ? 1 : 0)]);
    case 'strings':
      return join([...listHead('string', field.value.length), ...field.value.map(text)]);
    case 'float32s':
    case 'int32s': {
      const single = field.type === 'float32s' ? 'float32' : 'int32';
      return join([...listHead(single, field.value.length), ...field.value.map((one) => number(single, one))]);
    }
    default:
      return join([number('uint32', ggufValueTypes[field.type]), number(field.type, field.value)]);
  }
}

const listHead = (type: keyof typeof ggufValueTypes, count: number): Uint8Array[] => [
  number('uint32', ggufValueTypes.array),
  number('uint32', ggufValueTypes[type]),
  u64(count),
];

const join = (pieces: readonly Uint8Array[]): Uint8Array => Buffer.concat(pieces);

function number(type: 'uint32' | 'int32' | 'float32', value: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(4));
  if (type === 'float32') view.setFloat32(0, value, true);
  else if (type === 'int32') view.setInt32(0, value, true);
  else view.setUint32(0, value, true);
  return new Uint8Array(view.buffer);
}

function u64(value: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, BigInt(value), true);
  return new Uint8Array(view.buffer);
}

function text(value: string): Uint8Array {
  const bytes = new TextEncoder().encode(value);
  return join([u64(bytes.byteLength), bytes]);
}
