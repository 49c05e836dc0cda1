import * as native from '@hone/native';
import { plainDTypeBytes, type PlainDType } from './dtype.js';

/**
 * One stretch of memory of each dtype under all plans that never run at the same time: together they take what the largest takes.
 * What a plan left there is gone when another has run.
 */
export class PlanArena {
  readonly #stretches = new Map<PlainDType, { handle: native.Handle; elements: number }>();
  #growths = 0;

  /** How often a stretch had to be laid out anew: plans from before keep the old one alive until they are freed. */
  get growths(): number {
    return this.#growths;
  }

  get bytes(): number {
    let bytes = 0;
    for (const [dtype, { elements }] of this.#stretches) bytes += elements * plainDTypeBytes[dtype];
    return bytes;
  }

  /** Memory for at least so many elements; it stays the arena's. */
  take(dtype: PlainDType, elements: number): native.Handle {
    const known = this.#stretches.get(dtype);
    if (known && known.elements >= elements) return known.handle;
    if (known) {
      native.tensorFree(known.handle);
      this.#growths++;
    }
    const handle = native.tensorAlloc(dtype, [elements]);
    this.#stretches.set(dtype, { handle, elements });
    return handle;
  }

  free(): void {
    for (const { handle } of this.#stretches.values()) native.tensorFree(handle);
    this.#stretches.clear();
  }
}
