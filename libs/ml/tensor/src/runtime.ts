// The one door of this package to the native side: memory functions by name, ops under `ops`. While a body is captured, memory is
// the recorder's business: tensors that it made have negative handles.
import { bug } from '@hone/base';
import * as native from '@hone/native';
import type { Handle, PlainDType, Transferable } from '@hone/native';
import { activeRecorder } from './recorder.js';

export {
  allowsOtherDevices,
  areFinite,
  awaitCopy,
  cardCounters,
  chooseDevice,
  deviceLost,
  init,
  kernelName,
  memoryStats,
  openCard,
  packInt4FromParts,
  packInt8FromParts,
  packNf4FromParts,
  packWeight,
  pinnedAlloc,
  quantizeNf4,
  releaseCache,
  resetPeak,
  startCopy,
  synchroniseCard,
  unpackWeight,
  useDevice,
  weightBytes,
  deviceOfNewTensors,
  devices,
  nativeOps as ops,
} from '@hone/native';
export type {
  Card,
  CardCounters,
  DeviceChoice,
  DeviceName,
  DifferentiableOp,
  Handle,
  Int4Parts,
  Int8Parts,
  MemoryStats,
  NativeInfo,
  Nf4Parts,
  Nf4PlainParts,
  Transferable,
} from '@hone/native';

export const tensorAlloc = (dtype: PlainDType, shape: readonly number[]): Handle =>
  activeRecorder()?.alloc(dtype, shape) ?? native.tensorAlloc(dtype, shape);

export const tensorView = (tensor: Handle, elementOffset: number, shape: readonly number[]): Handle =>
  tensor < 0
    ? (activeRecorder()?.view(tensor, elementOffset, shape) as Handle)
    : native.tensorView(tensor, elementOffset, shape);

/** Memory that a captured body made has one dtype. */
export function tensorReinterpret(tensor: Handle, dtype: PlainDType): Handle {
  if (tensor < 0) throw bug('not_capturable', '[capture] expected memory from outside for numbers of another dtype');
  return native.tensorReinterpret(tensor, dtype);
}

/** Recorded memory is packed by its last use, so that its freeing says nothing new. */
export function tensorFree(tensor: Handle): void {
  if (tensor > 0) native.tensorFree(tensor);
}

export function tensorWrite(tensor: Handle, data: Transferable, elementOffset = 0): void {
  if (tensor < 0) activeRecorder()?.write(tensor, data, elementOffset);
  else native.tensorWrite(tensor, data, elementOffset);
}

/** A body that looks at values decides by them, so it cannot be repeated unseen: whoever captured it composes it anew instead. */
export function tensorRead(tensor: Handle, data: Transferable, elementOffset = 0): void {
  if (tensor < 0) throw bug('not_capturable', '[capture] expected ops alone but the body reads what they gave');
  native.tensorRead(tensor, data, elementOffset);
}
