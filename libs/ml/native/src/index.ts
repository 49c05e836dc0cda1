export { addonCandidates, loadAddon } from './addon.js';
export type {
  Addon,
  Card,
  CardCounters,
  Handle,
  Int4Parts,
  Int8Parts,
  MemoryStats,
  Nf4Parts,
  Nf4PlainParts,
  Transferable,
} from './addon.js';
export { packInt4FromParts, packInt8FromParts, packNf4FromParts } from './weight-parts.js';
export * from './choose-device.js';
export * from './device-lost.js';
export * from './devices.js';
export * from './group.js';
export * from './runtime.js';
export * as nativeOps from './ops.generated.js';
export { opNames, opSpecs } from './ops.generated.js';
export type { DifferentiableOp, OpArgument, OpName, OpSpec } from './ops.generated.js';
