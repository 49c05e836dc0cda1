import { emptyLike } from '../allocate.js';
import { ops } from '../runtime.js';
import { dim } from '../shape.js';
import { isRecorded, recordOp } from '../tape.js';
import type { Tensor } from '../tensor.js';

/** y += scale (x Aᵀ) Bᵀ in place: the low-rank update of LoRA (Hu et al., arXiv 2106.09685, section 4.1). */
export function lora(x: Tensor, a: Tensor, b: Tensor, scale: number, y: Tensor): void {
  const xa = emptyLike(x, [dim(x.shape, 0), dim(a.shape, 0)]);
  ops.loraForward(x.id, a.id, b.id, scale, y.id, xa.id);
  if (isRecorded(x, a, b)) recordOp('lora', [x, a, b], [y], { scale }, { saved: [xa], isInPlace: true });
  else xa.free();
}

/** One adapter's update and the rows begin..end-1 that it is for. */
export interface LoraGroup {
  readonly a: Tensor;
  readonly b: Tensor;
  readonly scale: number;
  readonly begin: number;
  readonly end: number;
}

type GroupArguments = readonly [a: number, b: number, begin: number, end: number, scale: number];

const absent: GroupArguments = [0, 0, 0, 0, 0];

const argumentsOf = ({ a, b, begin, end, scale }: LoraGroup): GroupArguments => [a.id, b.id, begin, end, scale];

/**
 * The updates of several adapters on their own rows, four adapters a call: the bits of `lora` on each range, for the few rows of
 * a decode step. It is not recorded; training has one adapter.
 */
export function loraGrouped(x: Tensor, groups: readonly LoraGroup[], y: Tensor): void {
  for (let at = 0; at < groups.length; at += 4) {
    const [first, second, third, fourth] = groups.slice(at, at + 4).map(argumentsOf);
    ops.loraGroupedForward(
      x.id,
      y.id,
      ...(first ?? absent),
      ...(second ?? absent),
      ...(third ?? absent),
      ...(fourth ?? absent),
    );
  }
}

/** The adapters of one linear layer, each flat over pages that a list names, so that each row of a batch can name its own. */
export interface LoraPaged {
  /** f32 or bf16 [P, E]: where A [rank, K] of every adapter lies. */
  readonly a: Tensor;
  /** [P, E]: where B [N, rank] lies, a row at every `loraRowStride(rank)` elements and zeros behind it. */
  readonly b: Tensor;
  /** i32 [L]: the pages of all adapters, one adapter after the other. */
  readonly pages: Tensor;
  /** i32 [S, 4]: of each slot its first entry in `pages`, the elements at which A and B begin, and the rank; rank 0 is no update. */
  readonly places: Tensor;
  /** f32 [S]: alpha / rank of each. */
  readonly scales: Tensor;
  /** No rank is larger. */
  readonly rankMax: number;
}

/** Elements from one row of B on pages to the next: each is whole vectors of 16 bytes. */
export const loraRowStride = (rank: number): number => Math.ceil(rank / 8) * 8;

/**
 * y[t] += scales[s] (x[t] Aᵀ) Bᵀ in place with the A and B of s = slots[t] (i32 [T]); rows whose slot is below 0 stay as they are. Which
 * adapters a batch mixes, and where they lie, is data: one recorded step serves every mixture. It is not recorded on the tape.
 */
export function loraPaged(x: Tensor, slots: Tensor, paged: LoraPaged, y: Tensor): void {
  const { a, b, pages, places, scales, rankMax } = paged;
  ops.loraPagedForward(x.id, slots.id, a.id, b.id, pages.id, places.id, scales.id, rankMax, y.id);
}
