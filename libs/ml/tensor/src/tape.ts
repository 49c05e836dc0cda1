import { assert } from '@hone/base';
import { GradientStore } from './gradient-store.js';
import { gradients } from './gradients/index.js';
import type { OpAttrs, OpRecord, RecordedOp } from './op-record.js';
import { Scope, adopt, inside } from './scope.js';
import type { Tensor } from './tensor.js';

const recording: (Tape | null)[] = [];

export interface TapeOptions {
  /** Drops what `discard` is told of and computes it again in the backward pass: less memory for a little more work. */
  readonly isSparing?: boolean;
}

/** The list of ops that produced a result, in order; `backward` walks it from the end and frees as it goes. */
export class Tape {
  readonly #records: OpRecord[] = [];
  readonly #scope = new Scope();
  readonly #isSparing: boolean;

  constructor({ isSparing = false }: TapeOptions = {}) {
    this.#isSparing = isSparing;
  }

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

  /** Drops the values of a recorded op's output where the op can be run again. */
  discard(tensor: Tensor): void {
    if (!this.#isSparing || tensor.root !== tensor) return;
    const record = this.#records.findLast(({ outputs }) => outputs.includes(tensor));
    const again = record?.again;
    if (again) tensor.drop(again);
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
    try {
      pauseRecording(() =>
        inside(this.#scope, () => {
          while (this.#records.length > 0) this.#step(this.#records.pop() as OpRecord, store);
        }),
      );
      return wanted.map((tensor) => {
        const gradient = store.take(tensor);
        return gradient && adopt(gradient);
      });
    } finally {
      this.free();
    }
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

interface RecordDetails {
  /** Results that only the gradient needs. */
  readonly saved?: readonly Tensor[];
  readonly isInPlace?: boolean;
  /** The rule reads the values of the output, so nobody may overwrite them before it. */
  readonly isOutputRead?: boolean;
  /** Computes the output's values once more into a new handle. */
  readonly again?: (output: number) => void;
}

/** Appends a record and marks its outputs as needing a gradient. */
export function recordOp<Op extends RecordedOp>(
  op: Op,
  inputs: readonly (Tensor | undefined)[],
  outputs: readonly Tensor[],
  attrs: OpAttrs[Op],
  { saved = [], isInPlace = false, isOutputRead = false, again }: RecordDetails = {},
): void {
  for (const tensor of outputs) {
    tensor.root.requiresGrad = true;
    if (isOutputRead) tensor.root.readers++;
  }
  for (const tensor of inputs) if (tensor) tensor.root.readers++;
  recording.at(-1)?.push({ op, inputs, outputs, attrs, saved, isInPlace, again } as OpRecord);
}

/**
 * Says that nothing reads these values again before the backward pass: a sparing tape drops them now and computes them again
 * then, and outside of a tape they are freed at once.
 */
export function discard(tensor: Tensor): void {
  const tape = recording.at(-1);
  if (tape) tape.discard(tensor);
  else if (tensor.root === tensor) tensor.free();
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
