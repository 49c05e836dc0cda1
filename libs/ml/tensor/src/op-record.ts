import type { ActivationOffload } from './activation-offload.js';
import type { ExpertUpdate } from './ops/expert-lora.js';
import type { Tensor } from './tensor.js';

/** What each op keeps for its gradient besides inputs and outputs. */
export interface OpAttrs {
  linear: Record<string, never>;
  lora: { scale: number };
  embedding: Record<string, never>;
  rmsNorm: { offset: number };
  layerNorm: Record<string, never>;
  rope: { mscale: number };
  swiglu: Record<string, never>;
  geglu: { exact: boolean };
  gelu: { exact: boolean };
  attention: { scale: number; window: number; softcap: number; isRounded: boolean };
  tokenLogProbs: { softcap: number };
  scale: { factor: number };
  add: Record<string, never>;
  accumulate: Record<string, never>;
  dropout: { p: number; seed: readonly [low: number, high: number] };
  gatherRows: Record<string, never>;
  expertLinear: Record<string, never>;
  expertLora: { updates: readonly ExpertUpdate[] };
  mixRows: Record<string, never>;
  sliceColumns: { begin: number };
  routeTopK: { renormalise: boolean };
  checkpoint: { rerun: (input: Tensor) => Tensor; offload: ActivationOffload | undefined };
}

export type RecordedOp = keyof OpAttrs;

interface RecordOf<Op extends RecordedOp> {
  readonly op: Op;
  /** In the order of the op's arguments; undefined = absent. */
  readonly inputs: readonly (Tensor | undefined)[];
  readonly outputs: readonly Tensor[];
  readonly attrs: OpAttrs[Op];
  /** Results that only the gradient needs. */
  readonly saved: readonly Tensor[];
  /** The output is an input, changed; its gradient goes on to the op that made it. */
  readonly isInPlace: boolean;
  /** Computes the output's values once more into a new handle; absent where that is not cheap. */
  readonly again: ((output: number) => void) | undefined;
}

export type OpRecord<Op extends RecordedOp = RecordedOp> = Op extends RecordedOp ? RecordOf<Op> : never;
