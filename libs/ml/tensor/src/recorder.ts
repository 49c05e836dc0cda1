import { bug } from '@hone/base';
import { opNames, opSpecs, type Handle, type OpName, type Transferable } from '@hone/native';
import type { PlainDType } from './dtype.js';
import type { Shape } from './shape.js';

/** A tensor that was asked for while ops were written down. */
export interface RecordedTensor {
  readonly dtype: PlainDType;
  readonly shape: Shape;
  /** Views: the tensor that has the memory, and where in it they begin. */
  readonly root: RecordedTensor | undefined;
  readonly offset: number;
  /** The first op that uses it, and the one after the last. */
  begin: number;
  end: number;
  /** What was written into it: the same numbers in every run. */
  constant: Transferable | undefined;
}

/** Stands in for the native side while ops are written down: hands out negative handles and remembers which op used what. */
export class Recorder {
  readonly tensors: RecordedTensor[] = [];
  readonly #calls: { op: number; args: readonly number[] }[] = [];

  op(op: number, args: readonly number[]): void {
    const at = this.#calls.push({ op, args }) - 1;
    for (const [index, { kind }] of argumentsOf(op).entries()) {
      const value = args[index] as number;
      if (kind === 'tensor' && value < 0) use(this.at(value), at);
    }
  }

  alloc(dtype: PlainDType, shape: Shape): Handle {
    return this.#add({ dtype, shape, root: undefined, offset: 0 });
  }

  view(handle: Handle, offset: number, shape: Shape): Handle {
    const source = this.at(handle);
    const root = source.root ?? source;
    return this.#add({ dtype: root.dtype, shape, root, offset: source.offset + offset });
  }

  write(handle: Handle, values: Transferable, offset: number): void {
    const tensor = this.at(handle);
    if (tensor.root || offset !== 0 || tensor.end > 0) {
      throw bug('capture', '[capture] expected a constant to be written once, whole, before it is used');
    }
    tensor.constant = values.slice();
  }

  /** What the body gives lives as long as the plan: the memory of a result is nobody else's. */
  pin(handle: Handle): void {
    const tensor = this.at(handle);
    const root = tensor.root ?? tensor;
    root.begin = 0;
    root.end = Infinity;
  }

  at(handle: Handle): RecordedTensor {
    const tensor = this.tensors[-handle - 1];
    if (!tensor) throw bug('capture', '[capture] expected a tensor that the captured body made');
    return tensor;
  }

  /** All calls in a row, with the recorded handles replaced. */
  commands(real: (recorded: Handle) => Handle): Float64Array {
    const numbers: number[] = [];
    for (const { op, args } of this.#calls) {
      numbers.push(op);
      for (const [index, { kind }] of argumentsOf(op).entries()) {
        numbers.push(kind === 'tensor' ? real(args[index] as number) : (args[index] as number));
      }
    }
    return Float64Array.from(numbers);
  }

  #add(tensor: Pick<RecordedTensor, 'dtype' | 'shape' | 'root' | 'offset'>): Handle {
    return -this.tensors.push({ ...tensor, begin: Infinity, end: 0, constant: undefined });
  }
}

const argumentsOf = (op: number) => opSpecs[opNames[op] as OpName].args;

function use(tensor: RecordedTensor, at: number): void {
  const root = tensor.root ?? tensor;
  root.begin = Math.min(root.begin, at);
  root.end = Math.max(root.end, at + 1);
}

let active: Recorder | undefined;

export const activeRecorder = (): Recorder | undefined => active;

export function withRecorder<T>(recorder: Recorder, body: () => T): T {
  if (active) throw bug('capture', '[capture] expected one capture at a time');
  active = recorder;
  try {
    return body();
  } finally {
    active = undefined;
  }
}
