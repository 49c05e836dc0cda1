import { empty, keep, type Tensor } from '@hone/tensor';

/**
 * Numbers that kernels leave behind one by one and the host reads together: on a device that works through a queue each read waits
 * for all that was queued before, so a run reads once where it has something to tell.
 */
export class NumberSheet {
  readonly #sheet: Tensor;
  #used = 0;

  constructor(readonly capacity: number) {
    this.#sheet = keep(empty([capacity]));
  }

  /** Places that nobody has written yet. */
  get room(): number {
    return this.capacity - this.#used;
  }

  /** The next `count` places, f32; where they lie among what is read. */
  take(count: number): { at: number; numbers: Tensor } {
    const at = this.#used;
    this.#used += count;
    return { at, numbers: this.#sheet.slice(at, [count]) };
  }

  /** Places that were taken before. */
  places(at: number, count: number): Tensor {
    return this.#sheet.slice(at, [count]);
  }

  /** Everything that was written since the last time; the places are free again. */
  read(): Float32Array {
    const numbers = this.#sheet.readInto(new Float32Array(this.#used));
    this.#used = 0;
    return numbers;
  }

  free(): void {
    this.#sheet.free();
  }
}
