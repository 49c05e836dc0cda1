import * as runtime from './runtime.js';
import { ops, type Int4Parts, type Int8Parts, type Nf4Parts, type Nf4PlainParts } from './runtime.js';
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

/** New memory for numbers of the same kind as those of `tensor`: what an op makes of bf16 activations is bf16. */
export const emptyLike = (tensor: Tensor, shape: Shape = tensor.shape): Tensor =>
  empty(shape, tensor.dtype as PlainDType);

export function filled(shape: Shape, value: number, dtype: PlainDType = 'f32'): Tensor {
  const tensor = empty(shape, dtype);
  ops.tensorFill(tensor.id, value);
  return tensor;
}

export const zeros = (shape: Shape, dtype: PlainDType = 'f32'): Tensor => filled(shape, 0, dtype);

export const fromFloats = (values: Float32Array, shape: Shape = [values.length]): Tensor => empty(shape).write(values);

export const fromInts = (values: Int32Array, shape: Shape = [values.length]): Tensor =>
  empty(shape, 'i32').write(values);

/**
 * Rewrites a [N, K] weight in the layout that the linear kernels read; the source stays as it is. nf4 (K a multiple of 64)
 * and int8 quantize as bitsandbytes does, int4 (K a multiple of 64) to the nearest of 16 steps in groups of 64.
 */
export const packWeight = (source: Tensor, format: PackedFormat): Tensor =>
  adopt(new Tensor(runtime.packWeight(source.id, format), source.shape, format));

/**
 * A nf4 weight from the parts that bitsandbytes stores, with double quantized scales or plain ones. Every code is kept; a
 * scale is rounded to 16 bits of the largest of its row.
 */
export const packNf4FromParts = (parts: Nf4Parts | Nf4PlainParts, shape: readonly [number, number]): Tensor =>
  adopt(new Tensor(runtime.packNf4FromParts(parts, shape), shape, 'nf4'));

/** The codes and double quantized scales that packing a plain [N, K] source as nf4 makes, as bitsandbytes stores them. */
export const quantizeNf4 = (source: Tensor): Nf4Parts => runtime.quantizeNf4(source.id);

/** An int8 weight from the parts that bitsandbytes stores, bit for bit. */
export const packInt8FromParts = (parts: Int8Parts, shape: readonly [number, number]): Tensor =>
  adopt(new Tensor(runtime.packInt8FromParts(parts, shape), shape, 'int8'));

/** An int4 weight from the codes, scales and zero points of a GPTQ or AWQ checkpoint, in the order of its own K. */
export const packInt4FromParts = (parts: Int4Parts, shape: readonly [number, number]): Tensor =>
  adopt(new Tensor(runtime.packInt4FromParts(parts, shape), shape, 'int4'));

/** The f32 values that a packed weight stands for: code times scale, before a kernel rounds them to bf16. */
export const unpackWeight = (weight: Tensor): Tensor =>
  adopt(new Tensor(runtime.unpackWeight(weight.id), weight.shape, 'f32'));

/** Bytes that a tensor holds, packed forms included. */
export const bytesOf = (tensor: Tensor): number =>
  isPlain(tensor.dtype) ? tensor.elements * plainDTypeBytes[tensor.dtype] : runtime.weightBytes(tensor.id);
