import { assert } from '@hone/base';
import { GradientStore } from './gradient-store.js';
import { gradients } from './gradients/index.js';
import type { OpAttrs, OpRecord, RecordedOp } from './op-record.js';
import { Scope, adopt, inside } from './scope.js';
import type { Tensor } from './tensor.js';

const recording: (Tape | null)[] = [];

/** The list of ops that produced a result, in order; `backward` walks it from the end and frees as it goes. */
export class Tape {
  readonly #records: OpRecord[] = [];
  readonly #scope = new Scope();

  /** Runs `body`; ops on tensors that need a gradient are recorded, and all memory belongs to the tape. */
  record<T>(body: () => T): T {
    recording.push(this);
    try {
      return inside(this.#scope, body);
    } catch (error) {
      this.free();
      throw error;
    } finally {
      recording.pop();
    }
  }

  get length(): number {
    return this.#records.length;
  }

  push(record: OpRecord): void {
    this.#records.push(record);
  }

  /**
   * Adds the gradient of every parameter to its `grad`, given the gradient of one recorded tensor. Activations are freed
   * as soon as no rule needs them any more, so the peak is at the start of this call. `wanted` are recorded inputs whose
   * gradients are returned to the caller instead of being freed.
   */
  backward(output: Tensor, upstream: Tensor, wanted: readonly Tensor[] = []): (Tensor | undefined)[] {
    assert(output.root.requiresGrad, '[backward] expected a recorded output but received one without a gradient');
    const store = new GradientStore();
    store.give(output, upstream, 'borrowed');
    pauseRecording(() =>
      inside(this.#scope, () => {
        while (this.#records.length > 0) this.#step(this.#records.pop() as OpRecord, store);
      }),
    );
    const results = wanted.map((tensor) => {
      const gradient = store.take(tensor);
      return gradient && adopt(gradient);
    });
    this.free();
    return results;
  }

  /** Frees every activation; the tape can be used again. */
  free(): void {
    this.#records.length = 0;
    this.#scope.free();
  }

  #step(record: OpRecord, store: GradientStore): void {
    const rule = gradients[record.op] as unknown as (record: OpRecord, store: GradientStore) => void;
    if (record.outputs.some((tensor) => store.has(tensor))) rule(record, store);
    if (record.isInPlace) return;
    // Whoever used the outputs has been walked already, so outputs, their gradients and what the op saved can go.
    for (const tensor of record.outputs) {
      store.release(tensor);
      tensor.root.free();
    }
    for (const tensor of record.saved) tensor.free();
  }
}

/** Whether an op on these inputs must be recorded now. */
export const isRecorded = (...inputs: (Tensor | undefined)[]): boolean =>
  recording.at(-1) != null && inputs.some((tensor) => tensor !== undefined && tensor.root.requiresGrad);

/** Appends a record and marks its outputs as needing a gradient. */
export function recordOp<Op extends RecordedOp>(
  op: Op,
  inputs: readonly (Tensor | undefined)[],
  outputs: readonly Tensor[],
  attrs: OpAttrs[Op],
  { saved = [], isInPlace = false }: { saved?: readonly Tensor[]; isInPlace?: boolean } = {},
): void {
  for (const tensor of outputs) tensor.root.requiresGrad = true;
  recording.at(-1)?.push({ op, inputs, outputs, attrs, saved, isInPlace } as OpRecord);
}

export const isRecording = (): boolean => recording.at(-1) != null;

/** Runs ops without recording them: evaluation, and everything inside the backward pass. */
export function pauseRecording<T>(body: () => T): T {
  recording.push(null);
  try {
    return body();
  } finally {
    recording.pop();
  }
}
