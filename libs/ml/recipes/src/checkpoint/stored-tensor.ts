import { bug } from '@hone/base';
import type { Tensor } from '@hone/tensor';
import { transpose, type SafetensorsFile, type TensorToWrite } from '@hone/models';

const dtypes = { f32: 'F32', bf16: 'BF16', u8: 'U8' } as const;
type StoredDType = keyof typeof dtypes;

const arrays = { f32: Float32Array, bf16: Uint16Array, u8: Uint8Array } as const;

function dtypeOf({ dtype }: Tensor): StoredDType {
  if (Object.hasOwn(dtypes, dtype)) return dtype as StoredDType;
  throw bug('checkpoint', `[checkpoint] expected f32, bf16 or u8 but received ${dtype}`);
}

/** A tensor as it lies: what is read back has the same bits. */
export function stored(tensor: Tensor): TensorToWrite {
  const dtype = dtypeOf(tensor);
  return {
    dtype: dtypes[dtype],
    shape: tensor.shape,
    data: () => tensor.readInto(new arrays[dtype](tensor.elements)),
  };
}

/** What a tensor is called in a file, and whether it lies there turned by the layout of its family. */
export interface Place {
  readonly name: string;
  readonly tensor: Tensor;
  readonly isTransposed?: boolean;
}

/** Whether a stored entry has the tensor's dtype and shape. */
export const isStoredAs = (file: SafetensorsFile, { name, tensor, isTransposed }: Place): boolean => {
  const { dtype, shape } = file.entry(name);
  const expected = isTransposed ? [...tensor.shape].reverse() : tensor.shape;
  return dtype === dtypes[dtypeOf(tensor)] && shape.join() === expected.join();
};

export function restore(file: SafetensorsFile, { name, tensor, isTransposed }: Place): void {
  // A copy: what the file hands out may not be aligned for its element type.
  const bytes = Uint8Array.from(file.bytes(name));
  const values = new arrays[dtypeOf(tensor)](bytes.buffer);
  const [columns = 1, rows = 1] = tensor.shape;
  tensor.write(isTransposed && !(values instanceof Uint8Array) ? transpose(values, rows, columns) : values);
}
