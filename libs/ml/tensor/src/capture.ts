import * as native from '@hone/native';
import { plainDTypeBytes, type PlainDType } from './dtype.js';
import { packLifetimes } from './pack-lifetimes.js';
import type { PlanArena } from './plan-arena.js';
import { Recorder, withRecorder, type RecordedTensor } from './recorder.js';
import { Scope, inside } from './scope.js';
import { elementsOf } from './shape.js';
import { pauseRecording } from './tape.js';
import { Tensor } from './tensor.js';

const noInts = new Int32Array();

export interface CaptureEnds {
  /** i32 memory that every run fills first. */
  input?: Tensor;
  /** i32 memory that every run reads last: made before, or by its name of what the body gave. */
  output?: Tensor | string;
  /** Where all that the body makes lies, together with what other plans make there; a memory of its own when absent. */
  arena?: PlanArena | undefined;
}

/** A body of ops that runs again and again in one crossing, with all that it allocates in one arena. */
export class CapturedPlan<Results extends Readonly<Record<string, Tensor>>> {
  /** What the body gave: overwritten by every run, freed with the plan. */
  readonly results: Results;
  /** Memory of its own: the arena and what was constant. */
  readonly bytes: number;
  readonly #plan: number;

  constructor(results: Results, bytes: number, plan: number) {
    this.results = results;
    this.bytes = bytes;
    this.#plan = plan;
  }

  run(values: Int32Array = noInts, results: Int32Array = noInts): void {
    native.planRun(this.#plan, values, results);
  }

  free(): void {
    native.planFree(this.#plan);
    for (const tensor of Object.values(this.results)) tensor.free();
  }
}

/**
 * Writes the ops of `body` down without running them and packs what it allocates by lifetime. Whatever differs from run to run
 * must come in through tensors made before; numbers that the body writes itself are constants of the plan. Nothing is recorded
 * for a gradient.
 */
export function capture<Results extends Readonly<Record<string, Tensor>>>(
  body: () => Results,
  { input, output, arena }: CaptureEnds = {},
): CapturedPlan<Results> {
  const { recorder, recorded } = writeDown(body);
  const memory = new PlanMemory(recorder, arena);
  try {
    const entries = Object.entries(recorded).map(
      ([name, { id, shape, dtype }]) => [name, new Tensor(memory.take(id), shape, dtype)] as const,
    );
    const results = Object.fromEntries(entries) as unknown as Results;
    const commands = recorder.commands((handle) => memory.handle(handle));
    const read = typeof output === 'string' ? results[output] : output;
    const plan = native.planRecord(commands, input?.id ?? 0, read?.id ?? 0);
    return new CapturedPlan(results, memory.bytes, plan);
  } finally {
    memory.release();
  }
}

/** What a capture of `body` would take of an arena, in elements of each dtype. Nothing is run, and no memory is taken. */
export function measureCapture(body: () => Readonly<Record<string, Tensor>>): ReadonlyMap<PlainDType, number> {
  const { recorder } = writeDown(body);
  return new Map([...packedByDType(recorder)].map(([dtype, { elements }]) => [dtype, elements]));
}

function writeDown<Results extends Readonly<Record<string, Tensor>>>(body: () => Results) {
  const recorder = new Recorder();
  // The body's tensors exist on paper only, so no scope around may ever free them.
  const recorded = withRecorder(recorder, () =>
    native.recordOps(
      (op, args) => recorder.op(op, args),
      () => inside(new Scope(), () => pauseRecording(body)),
    ),
  );
  for (const { id } of Object.values(recorded)) recorder.pin(id);
  return { recorder, recorded };
}

interface Packed {
  readonly tensors: readonly RecordedTensor[];
  /** Of each tensor, in elements. */
  readonly offsets: readonly number[];
  readonly elements: number;
}

/** Where each tensor lies in the one stretch of its dtype: two that are never alive together may share a place. */
function packedByDType(recorder: Recorder): Map<PlainDType, Packed> {
  const packed = recorder.tensors.filter(({ root, constant }) => root === undefined && constant === undefined);
  const stretches = new Map<PlainDType, Packed>();
  for (const dtype of new Set(packed.map((tensor) => tensor.dtype))) {
    const size = plainDTypeBytes[dtype];
    const tensors = packed.filter((tensor) => tensor.dtype === dtype);
    const { offsets, bytes } = packLifetimes(
      tensors.map(({ begin, end, shape }) => ({ begin, end, bytes: elementsOf(shape) * size })),
    );
    stretches.set(dtype, { tensors, offsets: offsets.map((offset) => offset / size), elements: bytes / size });
  }
  return stretches;
}

/** The real tensors behind the recorded ones. The plan keeps their memory, so the handles go when it is made. */
class PlanMemory {
  bytes = 0;
  readonly #handles = new Map<RecordedTensor, native.Handle>();
  readonly #recorder: Recorder;

  constructor(recorder: Recorder, arena: PlanArena | undefined) {
    this.#recorder = recorder;
    for (const tensor of recorder.tensors) {
      if (tensor.root !== undefined || tensor.constant === undefined) continue;
      const handle = this.#alloc(tensor.dtype, tensor.shape);
      native.tensorWrite(handle, tensor.constant);
      this.#handles.set(tensor, handle);
    }
    for (const [dtype, { tensors, offsets, elements }] of packedByDType(recorder)) {
      const stretch = arena?.take(dtype, elements) ?? this.#alloc(dtype, [elements]);
      for (const [index, tensor] of tensors.entries()) {
        this.#handles.set(tensor, native.tensorView(stretch, offsets[index] as number, tensor.shape));
      }
      if (!arena) native.tensorFree(stretch);
    }
  }

  handle(handle: native.Handle): native.Handle {
    return handle < 0 ? this.#of(this.#recorder.at(handle)) : handle;
  }

  /** A handle that outlives the release. */
  take(handle: native.Handle): native.Handle {
    const tensor = this.#recorder.at(handle);
    return native.tensorView(this.#of(tensor), 0, tensor.shape);
  }

  release(): void {
    for (const handle of this.#handles.values()) native.tensorFree(handle);
    this.#handles.clear();
  }

  #of(tensor: RecordedTensor): native.Handle {
    const known = this.#handles.get(tensor);
    if (known !== undefined) return known;
    const made = native.tensorView(this.#of(tensor.root as RecordedTensor), tensor.offset, tensor.shape);
    this.#handles.set(tensor, made);
    return made;
  }

  #alloc(dtype: PlainDType, shape: readonly number[]): native.Handle {
    this.bytes += elementsOf(shape) * plainDTypeBytes[dtype];
    return native.tensorAlloc(dtype, shape);
  }
}
