export { addonCandidates, loadAddon } from './addon.js';
export type { Addon, Handle, MemoryStats, Nf4Parts, Transferable } from './addon.js';
export * from './runtime.js';
export * as nativeOps from './ops.generated.js';
export { opNames, opSpecs } from './ops.generated.js';
export type { DifferentiableOp, OpArgument, OpName, OpSpec } from './ops.generated.js';
