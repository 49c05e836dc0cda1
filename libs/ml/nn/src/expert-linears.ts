import { dropout, expertLinear, expertLora, type ExpertUpdate, type RoutedRows, type Tensor } from '@hone/tensor';
import type { AdapterRange, Linear, LinearContext } from './linear.js';

/** One projection of all experts: each row goes through the linear module of its own expert, adapters included. */
export class ExpertLinears {
  readonly #weights: readonly Tensor[];

  /** The modules of the experts in order, without biases. */
  constructor(readonly experts: readonly Linear[]) {
    this.#weights = experts.map(({ weight }) => weight);
  }

  /** Rows x [R, K] as `routed` sorted them to rows [R, N]. */
  forward(x: Tensor, routed: RoutedRows, { ranges, dropoutSeed }: LinearContext): Tensor {
    const y = expertLinear(x, routed, this.#weights);
    for (const range of ranges) {
      const updates = this.#updates(range, routed);
      if (updates.length === 0) continue;
      const p = dropoutSeed === undefined ? 0 : range.adapter.config.loraDropout;
      // A row is one expert's, so one mask does for all of them.
      const first = this.experts[0] as Linear;
      const input = p > 0 ? dropout(x, p, [dropoutSeed as number, first.index]) : x;
      expertLora(input, routed, updates, y);
    }
    return y;
  }

  #updates({ adapter, begin, end }: AdapterRange, { pieces }: RoutedRows): ExpertUpdate[] {
    const [first, last] = [pieces.indexOf(begin), pieces.indexOf(end)];
    return this.experts.flatMap(({ path }, expert) => {
      const update = adapter.modules.get(path);
      if (!update) return [];
      return Array.from({ length: last - first }, (_, at) => ({ ...update, expert, piece: first + at }));
    });
  }
}

/** Where the ranges of adapters cut `rows` tokens: the pieces that `routeRows` keeps apart. */
export function piecesOf({ ranges }: LinearContext, rows: number): number[] {
  const cuts = new Set([0, rows, ...ranges.flatMap(({ begin, end }) => [begin, end])]);
  return [...cuts].sort((a, b) => a - b);
}
