import * as runtime from './runtime.js';
import { ops } from './runtime.js';
import { isPlain, plainDTypeBytes, type PackedFormat, type PlainDType } from './dtype.js';
import { currentScope } from './scope.js';
import { Tensor } from './tensor.js';
import type { Shape } from './shape.js';

const adopt = (tensor: Tensor): Tensor => {
  currentScope()?.own(tensor);
  return tensor;
};

/** New memory with whatever bytes were there before; it belongs to the current scope, if there is one. */
export const empty = (shape: Shape, dtype: PlainDType = 'f32'): Tensor =>
  adopt(new Tensor(runtime.tensorAlloc(dtype, shape), shape, dtype));

export function filled(shape: Shape, value: number, dtype: PlainDType = 'f32'): Tensor {
  const tensor = empty(shape, dtype);
  ops.tensorFill(tensor.id, value);
  return tensor;
}

export const zeros = (shape: Shape, dtype: PlainDType = 'f32'): Tensor => filled(shape, 0, dtype);

export const fromFloats = (values: Float32Array, shape: Shape = [values.length]): Tensor => empty(shape).write(values);

export const fromInts = (values: Int32Array, shape: Shape = [values.length]): Tensor =>
  empty(shape, 'i32').write(values);

/** Rewrites a [N, K] weight in the layout that the linear kernels read; the source stays as it is. */
export const packWeight = (source: Tensor, format: PackedFormat): Tensor =>
  adopt(new Tensor(runtime.packWeight(source.id, format), source.shape, format));

/** The exact f32 values of a packed weight. */
export const unpackWeight = (weight: Tensor): Tensor =>
  adopt(new Tensor(runtime.unpackWeight(weight.id), weight.shape, 'f32'));

/** Bytes that a tensor holds, packed forms included. */
export const bytesOf = (tensor: Tensor): number =>
  isPlain(tensor.dtype) ? tensor.elements * plainDTypeBytes[tensor.dtype] : runtime.weightBytes(tensor.id);
