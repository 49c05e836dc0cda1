import { refusal } from '@hone/base';
import type { Int4Parts, Int8Parts, Nf4Parts, Nf4PlainParts } from '@hone/tensor';
import { floatsFromBytes } from '../safetensors/floats.js';

/** The float types in which a weight is handed on; quantised weights come as F32, which holds each of them exactly. */
export type PlainDtype = 'F64' | 'F32' | 'BF16' | 'F16';

/** One weight under its Hugging Face name: what it is, and its values, which are read and restored when asked for. */
export interface StoredWeight {
  /** A float type, or the file's own word for something that is none. */
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Little-endian elements of `dtype`, row-major: an array of its own, which the caller may release, or a view of a file in memory. */
  bytes(): Uint8Array;
  /** The codes and scales of the file, where a packed base format holds the very same ones. */
  readonly parts?: StoredParts;
}

/** What can be packed without restoring it: no code and no scale changes. */
export type StoredParts =
  | { readonly format: 'nf4'; read(): Nf4Parts | Nf4PlainParts }
  | { readonly format: 'int8'; read(): Int8Parts }
  | { readonly format: 'int4'; readonly groupSize: number; read(): Int4Parts };

/**
 * The weights of a model whatever format holds them. A reader checks every size against its files when it is opened; bytes are
 * read one weight at a time, so that a model larger than the memory that is left can be packed.
 */
export interface WeightSource {
  readonly names: string[];
  has(name: string): boolean;
  entry(name: string): { readonly dtype: string; readonly shape: readonly number[]; readonly parts?: StoredParts };
  bytes(name: string): Uint8Array;
  floats(name: string): Float32Array;
  close(): void;
}

/** Weights that a format's reader lists. */
export class ListedWeights implements WeightSource {
  readonly #weights: ReadonlyMap<string, StoredWeight>;
  readonly #close: () => void;

  constructor(weights: ReadonlyMap<string, StoredWeight>, close: () => void) {
    this.#weights = weights;
    this.#close = close;
  }

  get names(): string[] {
    return [...this.#weights.keys()].sort();
  }

  has(name: string): boolean {
    return this.#weights.has(name);
  }

  entry(name: string): StoredWeight {
    const weight = this.#weights.get(name);
    if (weight) return weight;
    throw refusal('weight_missing', `[weights] expected tensor ${name} but no file has it; fix: give the whole folder`);
  }

  bytes(name: string): Uint8Array {
    return this.entry(name).bytes();
  }

  floats(name: string): Float32Array {
    const { dtype } = this.entry(name);
    const floats = floatsFromBytes(dtype as PlainDtype, this.bytes(name));
    if (floats) return floats;
    const message = `[weights] expected floats for ${name} but received ${dtype}; fix: use a float tensor`;
    throw refusal('unsupported_dtype', message, { param: name });
  }

  close(): void {
    this.#close();
  }
}

export const bytesOfFloats = (floats: Float32Array): Uint8Array =>
  new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength);
