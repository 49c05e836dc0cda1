import { empty, keep, type Tensor } from '@hone/tensor';

/** Numbers of a step, so many for each of its rows, of its sequences or of its draws. */
export interface InputPart {
  readonly name: string;
  readonly width: number;
  readonly dtype: 'i32' | 'f32';
}

/** Parts that have a line for each of the same things. */
export interface PartLines {
  readonly lines: number;
  readonly parts: readonly InputPart[];
}

type PlacedPart = InputPart & { readonly at: number; readonly lines: number };

export const ints = (name: string, width = 1): InputPart => ({ name, width, dtype: 'i32' });
export const floats = (name: string): InputPart => ({ name, width: 1, dtype: 'f32' });

/** All that differs from step to step, part after part in one array, so that it crosses to the device in one copy. */
export class StepInput {
  readonly tensor: Tensor;
  readonly values: Int32Array;
  readonly #floats: Float32Array;
  readonly #floatTensor: Tensor;
  readonly #parts = new Map<string, PlacedPart>();

  constructor(...groups: readonly PartLines[]) {
    let at = 0;
    for (const { lines, parts } of groups) {
      for (const part of parts) {
        this.#parts.set(part.name, { ...part, at, lines });
        at += lines * part.width;
      }
    }
    this.values = new Int32Array(at);
    this.#floats = new Float32Array(this.values.buffer);
    this.tensor = keep(empty([at], 'i32'));
    this.#floatTensor = this.tensor.reinterpret('f32');
  }

  /** A part on the device: [lines], or [lines, width]. */
  on(name: string): Tensor {
    const { at, width, dtype, lines } = this.#part(name);
    const whole = dtype === 'f32' ? this.#floatTensor : this.tensor;
    return whole.slice(at, width === 1 ? [lines] : [lines, width]);
  }

  has(name: string): boolean {
    return this.#parts.has(name);
  }

  set(name: string, line: number, value: number, index = 0): void {
    const { at, width, dtype } = this.#part(name);
    (dtype === 'f32' ? this.#floats : this.values)[at + line * width + index] = value;
  }

  /** The numbers of all lines of a part of i32. */
  all(name: string): Int32Array {
    const { at, width, lines } = this.#part(name);
    return this.values.subarray(at, at + lines * width);
  }

  /** The numbers of a line of a part of i32. */
  row(name: string, line: number): Int32Array {
    const { at, width } = this.#part(name);
    return this.values.subarray(at + line * width, at + (line + 1) * width);
  }

  free(): void {
    this.tensor.free();
  }

  #part(name: string): PlacedPart {
    return this.#parts.get(name) as PlacedPart;
  }
}
