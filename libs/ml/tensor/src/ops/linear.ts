import { empty, emptyLike } from '../allocate.js';
import { ops } from '../runtime.js';
import { dim } from '../shape.js';
import { isRecorded, recordOp } from '../tape.js';
import type { Tensor } from '../tensor.js';

/** y = x Wᵀ + b for rows x [T, K] and a weight [N, K] of any format. */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  const y = emptyLike(x, [dim(x.shape, 0), dim(weight.shape, 0)]);
  ops.linearForward(x.id, weight.id, bias?.id ?? 0, y.id);
  if (isRecorded(x, weight, bias)) recordOp('linear', [x, weight, bias], [y], {});
  return y;
}

/** A weight [N, K] of any format and its bias [N]. */
export interface LinearWeight {
  readonly weight: Tensor;
  readonly bias: Tensor | undefined;
}

type Part = readonly [weight: number, bias: number, y: number];

/** `linear` of one x with two weights or three, in one op: their bits, and for few rows one launch on a card. */
export function linearGroup(x: Tensor, weights: readonly LinearWeight[]): Tensor[] {
  const results = weights.map(({ weight }) => emptyLike(x, [dim(x.shape, 0), dim(weight.shape, 0)]));
  const parts = weights.map(({ weight, bias }, i): Part => [weight.id, bias?.id ?? 0, (results[i] as Tensor).id]);
  const [first, second, third = [0, 0, 0]] = parts as [Part, Part, Part?];
  ops.linearGroupForward(x.id, ...first, ...second, ...third);
  for (const [i, { weight, bias }] of weights.entries()) {
    if (isRecorded(x, weight, bias)) recordOp('linear', [x, weight, bias], [results[i] as Tensor], {});
  }
  return results;
}

/** Logits x Wᵀ, f32 on every device because what is drawn depends on their last bits. It is not recorded: losses ask `tokenLogProbs`. */
export function logits(x: Tensor, head: Tensor): Tensor {
  const y = empty([dim(x.shape, 0), dim(head.shape, 0)]);
  ops.linearForward(x.id, head.id, 0, y.id);
  return y;
}
