import { readRope } from '../config/rope.js';
import { expectNoRouterLoss, expectSilu, readShape } from './decoder-fields.js';
import { decoder, linear, preNorms, separateAttention } from './decoder-parts.js';
import type { ModelFamily } from './family.js';

/** Mixtral (arXiv 2401.04088): Mistral with experts w1 (gate), w3 (up) and w2 (down); chosen probabilities sum to one. */
export const mixtral: ModelFamily = {
  architecture: 'MixtralForCausalLM',
  modelType: 'mixtral',
  loraTargets: ['q_proj', 'v_proj'],
  read(config) {
    expectSilu(config);
    expectNoRouterLoss(config);
    const dropouts = ['attention_dropout', 'router_jitter_noise'];
    const shape = readShape(config, { kvHeads: 8, maxPositions: 131_072, dropouts });
    const { hiddenSize } = shape;
    const eps = config.number('rms_norm_eps', 1e-5);
    const inner = config.size('intermediate_size');
    const rope = readRope(config, { theta: 1_000_000 });
    const window = config.sizeOrNone('sliding_window', undefined);
    const count = config.size('num_local_experts', 8);
    const expertsPerToken = config.size('num_experts_per_tok', 2);
    if (expertsPerToken > count) throw config.bad('num_experts_per_tok', `at most num_local_experts ${count}`);
    const spec = decoder(shape, eps, (path) => {
      const block = `${path}.block_sparse_moe`;
      return {
        ...preNorms(path, hiddenSize, eps),
        attention: separateAttention(path, shape, { rope, window }),
        mlp: {
          kind: 'experts',
          router: linear(`${block}.gate`, count, hiddenSize),
          experts: Array.from({ length: count }, (_, expert) => ({
            ...({ kind: 'gated', activation: 'silu' } as const),
            gate: linear(`${block}.experts.${expert}.w1`, inner, hiddenSize),
            up: linear(`${block}.experts.${expert}.w3`, inner, hiddenSize),
            down: linear(`${block}.experts.${expert}.w2`, hiddenSize, inner),
          })),
          expertsPerToken,
          isRenormalised: true,
        },
      };
    });
    return { ...shape, decoder: spec };
  },
};
