// The one door of this package to the native side: memory functions by name, ops under `ops`.
export {
  init,
  kernelName,
  memoryStats,
  nf4Parts,
  packWeight,
  releaseCache,
  resetPeak,
  tensorAlloc,
  tensorFree,
  tensorRead,
  tensorView,
  tensorWrite,
  unpackWeight,
  useDevice,
  weightBytes,
  deviceOfNewTensors,
  nativeOps as ops,
} from '@hone/native';
export type { DeviceName, DifferentiableOp, Handle, MemoryStats, NativeInfo, Transferable } from '@hone/native';
