import { refusal } from '@hone/base';
import type { WeightFiles } from '../safetensors/weight-files.js';

/** What a format's reader takes from the safetensors files, each tensor once; what is left over are plain weights. */
export class QuantizedTensors {
  readonly #left: Set<string>;

  constructor(
    readonly files: WeightFiles,
    /** Whose checkpoint this is, for refusals. */
    readonly format: string,
  ) {
    this.#left = new Set(files.names);
  }

  get left(): readonly string[] {
    return [...this.#left];
  }

  has(name: string): boolean {
    return this.#left.has(name);
  }

  /** Takes a tensor whose element type and shape must be these; -1 in the shape stands for any size. */
  take(name: string, dtypes: readonly string[], shape?: readonly number[]): TakenTensor {
    if (!this.#left.delete(name)) throw this.bad(name, 'it is missing');
    const entry = this.files.entry(name);
    if (!dtypes.includes(entry.dtype))
      throw this.bad(name, `expected ${dtypes.join(' or ')} but received ${entry.dtype}`);
    const fits =
      shape === undefined ||
      (shape.length === entry.shape.length && shape.every((size, i) => size === -1 || size === entry.shape[i]));
    if (!fits) throw this.bad(name, `expected the shape [${shape?.join(',')}] but received [${entry.shape.join(',')}]`);
    return { name, dtype: entry.dtype, shape: entry.shape, bytes: entry.end - entry.begin };
  }

  bad(name: string, problem: string): Error {
    const message = `[weights] ${name} of this ${this.format} checkpoint cannot be right: ${problem}; fix: save it again`;
    return refusal('invalid_quantized_weight', message, { param: name });
  }
}

export interface TakenTensor {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: number;
}
