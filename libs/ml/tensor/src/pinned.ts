import * as runtime from './runtime.js';
import type { PlainDType } from './dtype.js';
import type { Shape } from './shape.js';
import { Tensor } from './tensor.js';

/**
 * Memory of the host that a GPU copies from and to by itself, in no scope: its holder frees it. Only copies take it. On a device that
 * counts what a GPU would take, it is counted as memory of the host.
 */
export const emptyPinned = (shape: Shape, dtype: PlainDType): Tensor =>
  new Tensor(runtime.pinnedAlloc(dtype, shape), shape, dtype);

/** Whether the device of new tensors has such memory beside it. */
export const hasPinnedMemory = (): boolean => runtime.devices[runtime.deviceOfNewTensors()].activations === 'bf16';

/** A copy that goes on beside what the GPU computes. */
export class SideCopy {
  readonly #ticket: number;

  /** Begins when all that was queued before is done; until `await`, the source must stay and nobody may use the target. */
  constructor(source: Tensor, target: Tensor) {
    this.#ticket = runtime.startCopy(source.id, target.id);
  }

  /** What is queued from here on waits for the copy; the host does not. */
  await(): void {
    runtime.awaitCopy(this.#ticket);
  }
}
