export { ActivationOffload } from './activation-offload.js';
export * from './allocate.js';
export { CapturedPlan, capture, measureCapture, type CaptureEnds } from './capture.js';
export { PlanArena } from './plan-arena.js';
export * from './device.js';
export * from './dtype.js';
export * from './ops/index.js';
export { packLifetimes, type Lifetime } from './pack-lifetimes.js';
export { SideCopy, emptyPinned, hasPinnedMemory } from './pinned.js';
export { ProcessGroup, newGroupId } from './process-group.js';
export * from './scope.js';
export * from './shape.js';
export { Tape, discard, isRecording, pauseRecording, type TapeOptions } from './tape.js';
export { Tensor } from './tensor.js';
export { gradients } from './gradients/index.js';
export {
  allowsOtherDevices,
  areFinite,
  cardCounters,
  chooseDevice,
  deviceLost,
  deviceOfNewTensors,
  devices,
  init,
  kernelName,
  memoryStats,
  openCard,
  releaseCache,
  resetPeak,
  synchroniseCard,
  useDevice,
} from './runtime.js';
export type {
  Card,
  CardCounters,
  DeviceChoice,
  DeviceName,
  Int4Parts,
  Int8Parts,
  MemoryStats,
  NativeInfo,
  Nf4Parts,
  Nf4PlainParts,
} from './runtime.js';
