import * as native from '@hone/native';
import { plainDTypeBytes, type PlainDType } from './dtype.js';
import { packLifetimes } from './pack-lifetimes.js';
import { Recorder, withRecorder, type RecordedTensor } from './recorder.js';
import { Scope, inside } from './scope.js';
import { elementsOf } from './shape.js';
import { pauseRecording } from './tape.js';
import { Tensor } from './tensor.js';

const noInts = new Int32Array();

export interface CaptureEnds {
  /** i32 memory that every run fills first. */
  input?: Tensor;
  /** Of what the body gave, the i32 tensor that every run reads last. */
  output?: string;
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
  { input, output }: CaptureEnds = {},
): CapturedPlan<Results> {
  const recorder = new Recorder();
  // The body's tensors exist on paper only, so no scope around may ever free them.
  const recorded = withRecorder(recorder, () =>
    native.recordOps(
      (op, args) => recorder.op(op, args),
      () => inside(new Scope(), () => pauseRecording(body)),
    ),
  );
  for (const { id } of Object.values(recorded)) recorder.pin(id);
  const memory = new PlanMemory(recorder);
  try {
    const entries = Object.entries(recorded).map(
      ([name, { id, shape, dtype }]) => [name, new Tensor(memory.take(id), shape, dtype)] as const,
    );
    const results = Object.fromEntries(entries) as unknown as Results;
    const commands = recorder.commands((handle) => memory.handle(handle));
    const plan = native.planRecord(commands, input?.id ?? 0, output === undefined ? 0 : (results[output]?.id ?? 0));
    return new CapturedPlan(results, memory.bytes, plan);
  } finally {
    memory.release();
  }
}

/** The real tensors behind the recorded ones. The plan keeps their memory, so the handles go when it is made. */
class PlanMemory {
  bytes = 0;
  readonly #handles = new Map<RecordedTensor, native.Handle>();
  readonly #recorder: Recorder;

  constructor(recorder: Recorder) {
    this.#recorder = recorder;
    const roots = recorder.tensors.filter(({ root }) => root === undefined);
    for (const tensor of roots.filter(({ constant }) => constant !== undefined)) {
      const handle = this.#alloc(tensor.dtype, tensor.shape);
      native.tensorWrite(handle, tensor.constant as native.Transferable);
      this.#handles.set(tensor, handle);
    }
    const packed = roots.filter(({ constant }) => constant === undefined);
    for (const dtype of new Set(packed.map((tensor) => tensor.dtype))) {
      this.#pack(
        dtype,
        packed.filter((tensor) => tensor.dtype === dtype),
      );
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

  #pack(dtype: PlainDType, tensors: readonly RecordedTensor[]): void {
    const size = plainDTypeBytes[dtype];
    const { offsets, bytes } = packLifetimes(
      tensors.map(({ begin, end, shape }) => ({ begin, end, bytes: elementsOf(shape) * size })),
    );
    const arena = this.#alloc(dtype, [bytes / size]);
    for (const [index, tensor] of tensors.entries()) {
      this.#handles.set(tensor, native.tensorView(arena, (offsets[index] as number) / size, tensor.shape));
    }
    native.tensorFree(arena);
  }

  #alloc(dtype: PlainDType, shape: readonly number[]): native.Handle {
    this.bytes += elementsOf(shape) * plainDTypeBytes[dtype];
    return native.tensorAlloc(dtype, shape);
  }
}
