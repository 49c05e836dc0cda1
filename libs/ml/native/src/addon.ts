import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HoneError } from '@hone/base';
import type { OpName } from './ops.generated.js';

/** A tensor on the native side: a positive integer. It owns memory until `tensorFree`; 0 stands for an absent one. */
export type Handle = number;

export type Transferable = Float32Array | Int32Array | Uint16Array | Uint8Array;

/** What one device of the process holds right now. */
export interface MemoryStats {
  readonly liveBytes: number;
  readonly peakBytes: number;
  readonly liveTensors: number;
  readonly cachedBytes: number;
  /** The most that tensors and packed weights took of the process, gaps between them included. */
  readonly reservedBytes: number;
  readonly workspaceBytes: number;
}

/** A GPU and what serves it. */
export interface Card {
  readonly name: string;
  /** Its number among those that CUDA_VISIBLE_DEVICES shows. */
  readonly ordinal: number;
  /** 90 for sm_90. */
  readonly computeCapability: number;
  readonly multiprocessors: number;
  /** 13020 for 13.2: the newest CUDA that the driver serves. */
  readonly driverVersion: number;
  /** The CUDA that the kernels were built with. */
  readonly runtimeVersion: number;
  readonly totalBytes: number;
  /** When it was opened. */
  readonly freeBytes: number;
  /** What this process may take of it: HONE_CUDA_MEMORY, else what was free. */
  readonly budgetBytes: number;
}

/** What was asked of the GPU since it was opened: a step that is meant to run unattended shows here when it does not. */
export interface CardCounters {
  /** Kernels and library products that were launched one by one. */
  readonly launches: number;
  readonly graphLaunches: number;
  /** The host waited for the GPU. */
  readonly synchronisations: number;
  readonly bytesToCard: number;
  readonly bytesFromCard: number;
}

/** An NF4 weight in the pieces that bitsandbytes stores. */
export interface Nf4Parts {
  readonly codes: Uint8Array;
  readonly absmaxCodes: Uint8Array;
  readonly nestedAbsmax: Float32Array;
  readonly offset: number;
}

/** The same with plain scales: bitsandbytes without double quantization. */
export interface Nf4PlainParts {
  /** [N·K/2] two codes a byte, the high nibble first. */
  readonly codes: Uint8Array;
  /** [N·K/64] the scale of every block of 64 weights. */
  readonly absmax: Float32Array;
}

/** An int8 weight as bitsandbytes stores it (LLM.int8, row-wise): w = code absmax[n] / 127. */
export interface Int8Parts {
  /** [N·K] in rows. */
  readonly codes: Int8Array;
  /** [N] the largest magnitude of each row (`SCB` in a checkpoint). */
  readonly absmax: Float32Array;
}

/** A weight of 4-bit codes as GPTQ and AWQ checkpoints hold it, in the order of its own K: w = (code - zero) scale. */
export interface Int4Parts {
  /** [N·K/2] two codes a byte, the high nibble first: byte i of a row has k = 2i in its upper half. */
  readonly codes: Uint8Array;
  /** [N·K/groupSize] */
  readonly scales: Float32Array;
  /** [N·K/groupSize] zero points from 0 to 16, one a byte (GPTQ's stored value plus one). */
  readonly zeros: Uint8Array;
  /** 32, 64 or 128 consecutive k; give a longer group's scale once for every 128 of its k. */
  readonly groupSize: number;
}

/** The functions of `hone.node` as they are; the rest of the package gives them names and checks. */
export interface Addon {
  readonly ops: Readonly<Record<OpName, (...args: number[]) => void>>;
  init(threads: number, isa: string): { threads: number; isa: string; isasAvailable: string };
  planRecord(commands: Float64Array, input: Handle, output: Handle): number;
  planRun(plan: number, values: Int32Array, results: Int32Array): void;
  planFree(plan: number): void;
  cardOpen(library: string): Card;
  cardCounters(): CardCounters;
  cardSynchronise(): void;
  copyStart(source: Handle, target: Handle): number;
  copyAwait(ticket: number): void;
  groupId(): Uint8Array;
  groupJoin(device: number, rank: number, size: number, id: Uint8Array): { rank: number; size: number };
  groupAllReduce(tensor: Handle): void;
  groupLeave(): void;
  kernelName(op: number): string;
  tensorAlloc(device: number, dtype: number, d0: number, d1: number, d2: number, d3: number): Handle;
  tensorView(tensor: Handle, elementOffset: number, d0: number, d1: number, d2: number, d3: number): Handle;
  tensorFree(tensor: Handle): void;
  isFinite(data: ArrayBufferView, dtype: number, rounded: number): boolean;
  tensorReinterpret(tensor: Handle, dtype: number): Handle;
  tensorDescribe(tensor: Handle): { device: number; dtype: number; shape: number[] };
  tensorWrite(tensor: Handle, data: Transferable, elementOffset: number): void;
  tensorRead(tensor: Handle, data: Transferable, elementOffset: number): void;
  memoryStats(device: number): MemoryStats;
  resetPeak(device: number): void;
  releaseCache(): void;
  packWeight(source: Handle, format: number): Handle;
  packNf4Parts(
    device: number,
    rows: number,
    columns: number,
    codes: Uint8Array,
    absmaxCodes: Uint8Array | null,
    nestedAbsmax: Float32Array | null,
    offset: number,
    absmax: Float32Array | null,
  ): Handle;
  packInt8Parts(device: number, rows: number, columns: number, codes: Int8Array, absmax: Float32Array): Handle;
  packInt4Parts(
    device: number,
    rows: number,
    columns: number,
    groupSize: number,
    codes: Uint8Array,
    scales: Float32Array,
    zeros: Uint8Array,
  ): Handle;
  unpackWeight(weight: Handle): Handle;
  weightBytes(weight: Handle): number;
  quantizeNf4(source: Handle): Nf4Parts;
}

/** Where the addon may lie, in the order in which it is looked for. */
export function addonCandidates(env: NodeJS.ProcessEnv = process.env): string[] {
  const packageRoot = join(dirname(fileURLToPath(import.meta.url)), '..');
  const repository = join(packageRoot, '../../..');
  return [
    ...(env.HONE_NATIVE_ADDON ? [env.HONE_NATIVE_ADDON] : []),
    join(repository, 'native/build/release/hone.node'),
    join(packageRoot, 'prebuilt', `${process.platform}-${process.arch}`, 'hone.node'),
  ];
}

/** Loads the addon from the first place that has one, or says every place that was tried and what to do. */
export function loadAddon(candidates: readonly string[] = addonCandidates()): Addon {
  const require = createRequire(import.meta.url);
  const attempts: string[] = [];
  for (const path of candidates) {
    if (!existsSync(path)) {
      attempts.push(`${path}: no such file`);
      continue;
    }
    try {
      return require(path) as Addon;
    } catch (error) {
      attempts.push(`${path}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new HoneError(
    'fault',
    'NATIVE_NOT_LOADED',
    `[native] expected the addon hone.node but received none; tried:\n  ${attempts.join('\n  ')}\n` +
      'fix: run `npm run build:native` (it says what to install when a compiler is missing), or point HONE_NATIVE_ADDON at a built hone.node',
    { details: { attempts } },
  );
}

let loaded: Addon | undefined;

/** The addon of this process, loaded and started with its defaults when nobody has called `init` yet. */
export function addon(): Addon {
  if (loaded === undefined) {
    loaded = loadAddon();
    loaded.init(0, '');
  }
  return loaded;
}

/** Loads without starting: `init` passes its own settings. */
export function addonToStart(): Addon {
  loaded ??= loadAddon();
  return loaded;
}

type OpTable = Addon['ops'];
let recording: OpTable | undefined;

export const ops = (): OpTable => recording ?? addon().ops;

/** Runs `body` with every op written down instead of run: its number, then its arguments. */
export function recordingOps<T>(
  names: readonly OpName[],
  write: (op: number, args: readonly number[]) => void,
  body: () => T,
): T {
  const before = recording;
  const table = names.map((name, op) => [name, (...args: number[]) => write(op, args)] as const);
  recording = Object.fromEntries(table) as unknown as OpTable;
  try {
    return body();
  } finally {
    recording = before;
  }
}
