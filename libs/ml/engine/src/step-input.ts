import { empty, keep, type Tensor } from '@hone/tensor';

/** Numbers of a step, so many for each of its rows. */
export interface InputPart {
  readonly name: string;
  readonly width: number;
  readonly dtype: 'i32' | 'f32';
}

export const ints = (name: string, width = 1): InputPart => ({ name, width, dtype: 'i32' });
export const floats = (name: string): InputPart => ({ name, width: 1, dtype: 'f32' });

/** All that differs from step to step, part after part in one array, so that it crosses to the device in one copy. */
export class StepInput {
  readonly rows: number;
  readonly tensor: Tensor;
  readonly values: Int32Array;
  readonly #floats: Float32Array;
  readonly #floatTensor: Tensor;
  readonly #parts = new Map<string, InputPart & { readonly at: number }>();

  constructor(rows: number, parts: readonly InputPart[]) {
    this.rows = rows;
    let at = 0;
    for (const part of parts) {
      this.#parts.set(part.name, { ...part, at });
      at += rows * part.width;
    }
    this.values = new Int32Array(at);
    this.#floats = new Float32Array(this.values.buffer);
    this.tensor = keep(empty([at], 'i32'));
    this.#floatTensor = this.tensor.reinterpret('f32');
  }

  /** A part on the device: [rows], or [rows, width]. */
  on(name: string): Tensor {
    const { at, width, dtype } = this.#part(name);
    const whole = dtype === 'f32' ? this.#floatTensor : this.tensor;
    return whole.slice(at, width === 1 ? [this.rows] : [this.rows, width]);
  }

  has(name: string): boolean {
    return this.#parts.has(name);
  }

  set(name: string, row: number, value: number, index = 0): void {
    const { at, width, dtype } = this.#part(name);
    (dtype === 'f32' ? this.#floats : this.values)[at + row * width + index] = value;
  }

  /** The numbers of a row in a part of i32. */
  row(name: string, row: number): Int32Array {
    const { at, width } = this.#part(name);
    return this.values.subarray(at + row * width, at + (row + 1) * width);
  }

  free(): void {
    this.tensor.free();
  }

  #part(name: string): InputPart & { readonly at: number } {
    return this.#parts.get(name) as InputPart & { readonly at: number };
  }
}
