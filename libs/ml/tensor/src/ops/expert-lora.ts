import { emptyLike } from '../allocate.js';
import { ops } from '../runtime.js';
import { dim } from '../shape.js';
import { isRecorded, recordOp } from '../tape.js';
import type { Tensor } from '../tensor.js';
import type { RoutedRows } from './route-rows.js';

/** An adapter's update of one expert, for the tokens of one piece. */
export interface ExpertUpdate {
  readonly expert: number;
  readonly piece: number;
  readonly a: Tensor;
  readonly b: Tensor;
  readonly scale: number;
}

/** y += scale (x Aᵀ) Bᵀ in place, each update on the rows of its expert and piece: what `lora` does to them. */
export function expertLora(x: Tensor, { segments }: RoutedRows, updates: readonly ExpertUpdate[], y: Tensor): void {
  const matrices = updates.flatMap(({ a, b }) => [a, b]);
  // One matrix for all experts: they share no row.
  const xa = emptyLike(x, [dim(x.shape, 0), Math.max(...updates.map(({ a }) => dim(a.shape, 0)))]);
  for (const { expert, piece, a, b, scale } of updates) {
    ops.expertLoraForward(x.id, segments.id, expert, piece, a.id, b.id, scale, y.id, xa.id);
  }
  const details = { saved: [xa], isInPlace: true };
  if (isRecorded(x, ...matrices)) recordOp('expertLora', [x, segments, ...matrices], [y], { updates }, details);
  else xa.free();
}
