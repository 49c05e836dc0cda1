import { empty, fromInts } from '../allocate.js';
import { ops } from '../runtime.js';
import { dim } from '../shape.js';
import type { Tensor } from '../tensor.js';

/** The choices of T tokens, sorted by expert and then by token: R = T k rows, whatever the router chose. */
export interface RoutedRows {
  /** i32 [R]: the token whose row comes to each place. */
  readonly rows: Tensor;
  /** i32 [T, k]: the place of each choice. */
  readonly places: Tensor;
  /** i32 [E, P + 1]: where each expert's rows begin, where those of each later piece of the tokens do, and where they end. */
  readonly segments: Tensor;
  /** The P + 1 tokens at which pieces begin and end; adapters of their own have pieces of their own. */
  readonly pieces: readonly number[];
}

/** Sorts the choices ids [T, k] of a router among `experts`. The result stays on the device: no shape depends on it. */
export function routeRows(
  ids: Tensor,
  experts: number,
  pieces: readonly number[] = [0, dim(ids.shape, 0)],
): RoutedRows {
  const rows = empty([ids.elements], 'i32');
  const places = empty(ids.shape, 'i32');
  const segments = empty([experts, pieces.length], 'i32');
  ops.routeRows(ids.id, fromInts(Int32Array.from(pieces)).id, rows.id, places.id, segments.id);
  return { rows, places, segments, pieces };
}
