import { bug } from '@hone/base';
import { addon, addonToStart, recordingOps } from './addon.js';
import type { Card, CardCounters, Handle, MemoryStats, Nf4Parts, Transferable } from './addon.js';
import { checkShape } from './check-shape.js';
import { deviceNames, devices, type DeviceName } from './devices.js';
import { opNames } from './ops.generated.js';
import type { OpName } from './ops.generated.js';

/** Codes that cross the boundary; the order is the native enum's. */
export const dtypeCodes = {
  f32: 0,
  bf16: 1,
  f16: 2,
  i32: 3,
  u8: 4,
  'packed-f32': 5,
  'packed-bf16': 6,
  nf4: 7,
  int8: 8,
  int4: 9,
} as const;

export type DType = keyof typeof dtypeCodes;
export type PlainDType = 'f32' | 'bf16' | 'f16' | 'i32' | 'u8';
export type WeightFormat = 'packed-f32' | 'packed-bf16' | 'nf4' | 'int8' | 'int4';

const dtypeNames = Object.keys(dtypeCodes) as DType[];

export type IsaName = 'plain' | 'avx2' | 'avx512' | 'avx512bf16' | 'amx';

export interface InitOptions {
  /** Where this thread's new tensors go; `useDevice` changes it later. */
  device?: DeviceName;
  /** Threads of the pool, this one included; default HONE_THREADS, else the affinity mask and the cgroup's quota. */
  threads?: number;
  /** The highest instruction set level to use; default HONE_ISA, else the best of the machine. */
  isa?: IsaName;
}

export interface NativeInfo {
  readonly device: DeviceName;
  readonly isa: IsaName;
  readonly threads: number;
  readonly isasAvailable: readonly IsaName[];
}

let currentDevice: DeviceName = 'cpu';

/** Starts the library. The threads and the level of the first call in a process stay; later calls report them. */
export function init(options: InitOptions = {}): NativeInfo {
  const started = addonToStart().init(options.threads ?? 0, options.isa ?? '');
  if (options.device !== undefined) useDevice(options.device);
  return {
    device: currentDevice,
    isa: started.isa as IsaName,
    threads: started.threads,
    isasAvailable: started.isasAvailable.split(' ') as IsaName[],
  };
}

/** Chooses where new tensors go and returns the device that was chosen before. `cuda` opens the GPU, or says why it cannot. */
export function useDevice(device: DeviceName): DeviceName {
  if (device === 'cuda') openCard();
  const before = currentDevice;
  currentDevice = device;
  return before;
}

/**
 * Opens the GPU of HONE_CUDA_DEVICE, once in a process, by `library`, else HONE_CUDA_LIBRARY, else libhone_cuda.so where the build
 * leaves it. The error of a machine without a GPU says what is missing.
 */
export const openCard = (library = ''): Card => addon().cardOpen(library);

/** See `CardCounters`; opens the GPU. */
export const cardCounters = (): CardCounters => addon().cardCounters();

/** Waits for all that was queued on the GPU; an index that a kernel found out of bounds is told here or by the next read. */
export const synchroniseCard = (): void => addon().cardSynchronise();

/**
 * Copies between the cuda and the pinned device beside what the GPU computes: it begins when all that was queued before is done, and
 * ops that are queued after `awaitCopy` wait for it; the host does not. Until then the source must stay, and nobody may use the target.
 */
export const startCopy = (source: Handle, target: Handle): number => addon().copyStart(source, target);

export const awaitCopy = (ticket: number): void => addon().copyAwait(ticket);

/** The code of that device, for the functions of the addon that make tensors. */
export const currentDeviceCode = (): number => devices[currentDevice].code;

export const deviceOfNewTensors = (): DeviceName => currentDevice;

/** A new tensor of 1 to 4 dimensions. Its memory is not cleared. */
export function tensorAlloc(dtype: PlainDType, shape: readonly number[]): Handle {
  checkShape('tensorAlloc', shape);
  const [d0 = -1, d1 = -1, d2 = -1, d3 = -1] = shape;
  return addon().tensorAlloc(devices[currentDevice].code, dtypeCodes[dtype], d0, d1, d2, d3);
}

/** The device codes of host memory that a GPU copies by itself, and of what counts it in a dry run. */
const pinnedCodes: Partial<Record<DeviceName, number>> = { cuda: 4, 'null-cuda': devices.null.code };

/** Memory of the host beside a GPU, for `startCopy` alone: no op takes it. */
export function pinnedAlloc(dtype: PlainDType, shape: readonly number[]): Handle {
  const code = pinnedCodes[currentDevice];
  if (code === undefined)
    throw bug('no_pinned_memory', `[pinnedAlloc] expected a GPU but the device is ${currentDevice}`);
  checkShape('pinnedAlloc', shape);
  const [d0 = -1, d1 = -1, d2 = -1, d3 = -1] = shape;
  return addon().tensorAlloc(code, dtypeCodes[dtype], d0, d1, d2, d3);
}

/** Another shape over a part of the same memory; both handles must be freed, and the memory stays until both are. */
export function tensorView(tensor: Handle, elementOffset: number, shape: readonly number[]): Handle {
  checkShape('tensorView', shape);
  const [d0 = -1, d1 = -1, d2 = -1, d3 = -1] = shape;
  return addon().tensorView(tensor, elementOffset, d0, d1, d2, d3);
}

/**
 * Whether no number in these bytes is NaN or infinite, or becomes so where f32 is rounded to bf16. At the rate of memory, wherever they
 * begin.
 */
export const areFinite = (
  bytes: Uint8Array,
  dtype: 'f32' | 'bf16' | 'f16',
  rounded: 'f32' | 'bf16' | 'f16' = dtype,
): boolean => addon().isFinite(bytes, dtypeCodes[dtype], dtypeCodes[rounded]);

/** The same memory as numbers of another plain dtype of the same size; both handles must be freed. */
export function tensorReinterpret(tensor: Handle, dtype: PlainDType): Handle {
  return addon().tensorReinterpret(tensor, dtypeCodes[dtype]);
}

export function tensorFree(tensor: Handle): void {
  addon().tensorFree(tensor);
}

export interface TensorDescription {
  readonly device: DeviceName;
  readonly dtype: DType;
  readonly shape: readonly number[];
}

export function tensorDescribe(tensor: Handle): TensorDescription {
  const { device, dtype, shape } = addon().tensorDescribe(tensor);
  return { device: deviceNames[device] as DeviceName, dtype: dtypeNames[dtype] ?? 'f32', shape };
}

/** Copies in: Float32Array for f32, Int32Array for i32, Uint16Array for bf16 and f16, Uint8Array for u8. */
export function tensorWrite(tensor: Handle, data: Transferable, elementOffset = 0): void {
  addon().tensorWrite(tensor, data, elementOffset);
}

/** Copies out, as many elements as `data` holds. On a device that only counts everything reads as zero. */
export function tensorRead(tensor: Handle, data: Transferable, elementOffset = 0): void {
  addon().tensorRead(tensor, data, elementOffset);
}

/** Tensor memory of a device (default: where new tensors go). Bytes are counted in steps of 64 on every device. */
export function memoryStats(device: DeviceName = currentDevice): MemoryStats {
  return addon().memoryStats(devices[device].code);
}

export function resetPeak(device: DeviceName = currentDevice): void {
  addon().resetPeak(devices[device].code);
}

/** Gives freed blocks that were kept for reuse, and the workspace of the kernels, back to the system. */
export function releaseCache(): void {
  addon().releaseCache();
}

/**
 * Lays a plain weight [N,K] out for the kernels. The source may be freed afterwards. nf4 wants K to be a multiple of 64;
 * int8 has the codes of bitsandbytes' vector-wise quantization; int4 rounds to nearest in groups of 64 (K a multiple of it).
 */
export function packWeight(source: Handle, format: WeightFormat): Handle {
  return addon().packWeight(source, dtypeCodes[format]);
}

/**
 * The values that a packed weight stands for, in a new f32 tensor: those of its format to the last bit, but for nf4, whose
 * scales are rounded to 16 bits of the largest of their row when it is packed.
 */
export function unpackWeight(weight: Handle): Handle {
  return addon().unpackWeight(weight);
}

export function weightBytes(weight: Handle): number {
  return addon().weightBytes(weight);
}

/** The codes and double quantised scales that packing a plain weight [N,K] as nf4 makes, as bitsandbytes stores them. */
export function quantizeNf4(source: Handle): Nf4Parts {
  return addon().quantizeNf4(source);
}

const opNumbers = new Map<OpName, number>(opNames.map((name, index) => [name, index]));

export function opNumber(op: OpName): number {
  return opNumbers.get(op) ?? -1;
}

/** `level/op` of the kernel that serves the op: a test that asserts it fails when a fast path is silently lost. */
export function kernelName(op: OpName): string {
  return addon().kernelName(opNumber(op));
}

/** Runs `body` with every op handed to `write`, its number and its arguments, instead of being run. */
export function recordOps<T>(write: (op: number, args: readonly number[]) => void, body: () => T): T {
  return recordingOps(opNames, write, body);
}

/**
 * A list of ops, `op number, arguments...` over and over, looked up and checked once. `input` and `output` are i32 tensors, or 0.
 * The plan keeps the memory of its tensors until `planFree`, whatever happens to their handles.
 */
export function planRecord(commands: Float64Array, input: Handle, output: Handle): number {
  return addon().planRecord(commands, input, output);
}

/** Copies `values` into the input, runs all ops in one crossing and copies the output into `results`. */
export function planRun(plan: number, values: Int32Array, results: Int32Array): void {
  addon().planRun(plan, values, results);
}

export function planFree(plan: number): void {
  addon().planFree(plan);
}
