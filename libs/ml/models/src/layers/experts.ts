import { discard, gatherRows, mixRows, routeRows, routeTopK } from '@hone/tensor';
import { ExpertLinears, piecesOf } from '@hone/nn';
import type { GatedMlpSpec, LinearSpec, MlpSpec } from '../config/decoder-spec.js';
import { gateOf } from './gate.js';
import type { Mlp } from './mlp.js';
import type { ModuleBuilder } from './module-builder.js';

type ExpertsSpec = Extract<MlpSpec, { kind: 'experts' }>;

/**
 * A mixture of experts (Shazeer et al., arXiv 1701.06538): the rows are sorted by expert, each goes through its experts'
 * modules, and what they make of it is added up with the router's weights. Which expert gets how many rows is known to the
 * device alone, so the ops are the same for every batch of a size; what is added to a row, and in which order (by ascending
 * expert), depends on that row alone.
 */
export function expertsOf(spec: ExpertsSpec, build: ModuleBuilder): Mlp {
  const router = build.linear(spec.router);
  const projection = (linearOf: (expert: GatedMlpSpec) => LinearSpec) =>
    new ExpertLinears(spec.experts.map((expert) => build.linear(linearOf(expert))));
  const gate = projection((expert) => expert.gate);
  const up = projection((expert) => expert.up);
  const down = projection((expert) => expert.down);
  const gated = gateOf((spec.experts[0] as GatedMlpSpec).activation);
  return (x, context) => {
    const { ids, weights } = routeTopK(router.forward(x, context), {
      k: spec.expertsPerToken,
      renormalise: spec.isRenormalised,
    });
    const routed = routeRows(ids, spec.experts.length, piecesOf(context, x.shape[0] as number));
    const rows = gatherRows(x, routed.rows);
    discard(x);
    const activated = gated(gate.forward(rows, routed, context), up.forward(rows, routed, context));
    discard(rows);
    const made = down.forward(activated, routed, context);
    discard(activated);
    const out = mixRows(made, weights, routed.places);
    discard(made);
    return out;
  };
}
