import type { Tensor } from '@hone/tensor';
import type { LoraAdapter } from './lora-adapter.js';
import type { LoraConfig } from './lora-config.js';
import type { AdapterLayout } from './lora-layout.js';

/** A matrix as its file holds it, on no device yet. */
export interface StoredMatrix {
  readonly shape: readonly [rows: number, columns: number];
  readonly dtype: 'f32' | 'bf16' | 'f16';
  /** Row by row; halves as their 16 bits. */
  values(): Float32Array | Uint16Array;
}

/** The update of one linear module: A [r, in] and B [out, r]. */
export interface StoredModule {
  readonly a: StoredMatrix;
  readonly b: StoredMatrix;
  readonly scale: number;
}

/** An adapter as its files hold it, checked against a base. */
export interface StoredAdapter {
  readonly config: LoraConfig;
  readonly baseFingerprint: string | undefined;
  /** By path, in the order of the base. */
  readonly modules: ReadonlyMap<string, StoredModule>;
}

/** A stored adapter as its pages hold it, in pinned memory of the host: the GPU fetches it by itself. */
export interface AdapterImage {
  readonly config: LoraConfig;
  readonly baseFingerprint: string | undefined;
  readonly layout: AdapterLayout;
  /** [layers, 2, numbers on the pages of one tensor]: what the keys and the values of each layer have. */
  readonly values: Tensor;
}

/** An adapter whose values lie on pages alone: what rows name it by. */
export class PagedAdapter {
  constructor(
    readonly config: LoraConfig,
    readonly baseFingerprint: string | undefined,
  ) {}
}

/** What a file of this adapter would hold. */
export function storedOf({ config, baseFingerprint, modules }: LoraAdapter): StoredAdapter {
  const stored = new Map<string, StoredModule>();
  for (const [path, { a, b, scale }] of modules) {
    const [one, other] = [a, b].map((tensor) => ({
      shape: tensor.shape as readonly [number, number],
      dtype: 'f32' as const,
      values: () => tensor.floats(),
    })) as [StoredMatrix, StoredMatrix];
    stored.set(path, { a: one, b: other, scale });
  }
  return { config, baseFingerprint, modules: stored };
}
