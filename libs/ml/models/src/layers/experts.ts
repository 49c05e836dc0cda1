import {
  deviceOfNewTensors,
  discard,
  fromInts,
  gatherRows,
  isRecording,
  routeTopK,
  scaleRows,
  scatterRowsAdd,
  scoped,
  zeros,
  type Tensor,
} from '@hone/tensor';
import type { LinearContext } from '@hone/nn';
import type { MlpSpec } from '../config/decoder-spec.js';
import type { Mlp } from './mlp.js';
import type { ModuleBuilder } from './module-builder.js';

type ExpertsSpec = Extract<MlpSpec, { kind: 'experts' }>;

/** The rows of one expert, ascending, and the places of their weights in the list of all choices. */
interface ExpertRows {
  readonly rows: number[];
  readonly choices: number[];
}

/**
 * A mixture of experts (Shazeer et al., arXiv 1701.06538): every chosen expert runs once over the rows that chose it, and its
 * output, times the router's weight, is added to those rows. Experts are walked in order, so what is added to a row, and in
 * which order, depends on that row alone.
 */
export function expertsOf(spec: ExpertsSpec, build: ModuleBuilder, expertOf: (spec: MlpSpec) => Mlp): Mlp {
  const router = build.linear(spec.router);
  const experts = spec.experts.map(expertOf);
  return (x, context) => {
    const { ids, weights } = routeTopK(router.forward(x, context), {
      k: spec.expertsPerToken,
      renormalise: spec.isRenormalised,
    });
    const choices = weights.as(weights.elements, 1);
    const out = zeros(x.shape);
    rowsByExpert(ids, experts.length).forEach(({ rows, choices: places }, expert) => {
      if (rows.length === 0) return;
      const run = () => {
        const rowIndex = fromInts(Int32Array.from(rows));
        const chosen = gatherRows(choices, fromInts(Int32Array.from(places)));
        const y = (experts[expert] as Mlp)(gatherRows(x, rowIndex), contextOfRows(context, rows));
        scatterRowsAdd(scaleRows(y, chosen), rowIndex, out);
      };
      if (isRecording()) run();
      else scoped(run);
    });
    discard(x);
    return out;
  };
}

/** Which rows each expert gets, read from the chosen ids [T, k]. */
function rowsByExpert(ids: Tensor, experts: number): ExpertRows[] {
  const lists = Array.from({ length: experts }, (): ExpertRows => ({ rows: [], choices: [] }));
  const k = ids.shape[1] as number;
  const chosen = deviceOfNewTensors() === 'null' ? undefined : ids.ints();
  const give = (expert: number, choice: number) => {
    const list = lists[expert] as ExpertRows;
    list.rows.push(Math.floor(choice / k));
    list.choices.push(choice);
  };
  for (let choice = 0; choice < ids.elements; choice++) give(chosen?.[choice] ?? choice % k, choice);
  // The null device has no ids, and counts a bound: all rows at the first k experts, which is as many as one expert can get,
  // and one row more at each other, which is more than what rounding up the sizes of small tensors adds.
  if (!chosen) for (let expert = k; expert < experts; expert++) give(expert, 0);
  return lists;
}

/** The same adapters over the gathered rows: these are ascending, so each range stays one range. */
function contextOfRows({ ranges, dropoutSeed }: LinearContext, rows: readonly number[]): LinearContext {
  const placeOf = (row: number): number => {
    const place = rows.findIndex((candidate) => candidate >= row);
    return place < 0 ? rows.length : place;
  };
  const gathered = ranges.map(({ adapter, begin, end }) => ({ adapter, begin: placeOf(begin), end: placeOf(end) }));
  return { ranges: gathered.filter(({ begin, end }) => begin < end), dropoutSeed };
}
