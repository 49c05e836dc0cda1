import { emptyLike } from '../allocate.js';
import { ops } from '../runtime.js';
import type { Tensor } from '../tensor.js';
import type { AttentionOptions } from './attention.js';

/** Writes each row's key and value [T, KV, D] into its slot = page * pageSize + offset; bf16 pages round them. */
export function kvWrite(k: Tensor, v: Tensor, slots: Tensor, keys: Tensor, values: Tensor): void {
  ops.kvWrite(k.id, v.id, slots.id, keys.id, values.id);
}

/**
 * `rope` of q [T, H, D] and k [T, KV, D] in place, then `kvWrite` of k and v: one op, because at a few rows a step is bound by
 * how many it has.
 */
export function ropeKvWrite(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  { positions, invFreq }: Rotation,
  slots: Tensor,
  keys: Tensor,
  values: Tensor,
): void {
  ops.ropeKvWrite(q.id, k.id, v.id, positions.id, invFreq.id, slots.id, keys.id, values.id, 1);
}

/** How heads are turned. */
export interface Rotation {
  /** i32 [T] */
  readonly positions: Tensor;
  /** f32 [half]: the angle of a pair per position. */
  readonly invFreq: Tensor;
}

export interface PagedRows {
  /** i32 [S, maxBlocks]: the pages of each sequence. */
  readonly blockTable: Tensor;
  /** i32 [T]: which sequence a row belongs to. */
  readonly rowSequence: Tensor;
  /** i32 [T]: the last position that the row sees. */
  readonly rowPosition: Tensor;
}

/**
 * Attention over paged keys and values (Kwon et al., arXiv 2309.06180); a row's bits do not depend on its neighbours. Over bf16
 * pages the products are those of `attention` with precision bf16, bit for bit.
 */
export function pagedAttention(
  q: Tensor,
  keys: Tensor,
  values: Tensor,
  { blockTable, rowSequence, rowPosition }: PagedRows,
  { scale, window, softcap = 0 }: AttentionOptions,
): Tensor {
  const o = emptyLike(q);
  const rows = [blockTable.id, rowSequence.id, rowPosition.id] as const;
  ops.pagedAttention(q.id, keys.id, values.id, ...rows, o.id, scale, window, softcap);
  return o;
}

/** dst = src, rounded to nearest even where it is narrower. */
export function cast(source: Tensor, target: Tensor): void {
  ops.tensorCast(source.id, target.id);
}

/** dst = src, same dtype. */
export function copy(source: Tensor, target: Tensor): void {
  ops.tensorCopy(source.id, target.id);
}
