import type { GradientStore } from '../gradient-store.js';
import type { OpAttrs, RecordedOp } from '../op-record.js';
import type { Tensor } from '../tensor.js';

/** A record as its rule sees it: which inputs are there is fixed by the op, so they need no checks. */
export interface RuleRecord<Op extends RecordedOp> {
  readonly inputs: OpInputs[Op];
  readonly outputs: readonly [Tensor];
  readonly saved: OpSaved[Op];
  readonly attrs: OpAttrs[Op];
}

type T = Tensor;

interface OpInputs {
  linear: readonly [x: T, weight: T, bias: T | undefined];
  lora: readonly [x: T, a: T, b: T];
  embedding: readonly [ids: T, table: T];
  rmsNorm: readonly [x: T, weight: T];
  layerNorm: readonly [x: T, weight: T, bias: T];
  rope: readonly [x: T, positions: T, invFreq: T];
  swiglu: readonly [gate: T, up: T];
  geglu: readonly [gate: T, up: T];
  gelu: readonly [x: T];
  attention: readonly [q: T, k: T, v: T, cuSeqlens: T];
  tokenLogProbs: readonly [hidden: T, head: T, targets: T];
  scale: readonly [x: T];
  add: readonly [a: T, b: T];
  accumulate: readonly [x: T, y: T];
  dropout: readonly [x: T];
  gatherRows: readonly [x: T, index: T];
  expertLinear: readonly [x: T, segments: T, ...weights: T[]];
  expertLora: readonly [x: T, segments: T, ...matrices: T[]];
  mixRows: readonly [x: T, weights: T, places: T];
  sliceColumns: readonly [x: T];
  routeTopK: readonly [logits: T];
  checkpoint: readonly [input: T];
}

interface OpSaved {
  linear: readonly [];
  lora: readonly [xa: T];
  embedding: readonly [];
  rmsNorm: readonly [rstd: T];
  layerNorm: readonly [mean: T, rstd: T];
  rope: readonly [];
  swiglu: readonly [];
  geglu: readonly [];
  gelu: readonly [];
  attention: readonly [lse: T];
  tokenLogProbs: readonly [lse: T];
  scale: readonly [];
  add: readonly [];
  accumulate: readonly [];
  dropout: readonly [];
  gatherRows: readonly [];
  expertLinear: readonly [];
  expertLora: readonly [xa: T];
  mixRows: readonly [];
  sliceColumns: readonly [];
  routeTopK: readonly [ids: T];
  checkpoint: readonly [];
}

/** Reads the gradient of the output from the store and puts those of the inputs there. */
export type GradientRule<Op extends RecordedOp> = (record: RuleRecord<Op>, store: GradientStore) => void;
