import type { MlpSpec } from '../config/decoder-spec.js';
import type { ConfigFields } from '../config/read-fields.js';
import { readRope } from '../config/rope.js';
import { expectNoRouterLoss, expectSilu, readShape } from './decoder-fields.js';
import { decoder, gatedMlp, linear, preNorms, rmsNorm, separateAttention } from './decoder-parts.js';
import type { ModelFamily } from './family.js';

/** Qwen 3 with a mixture of experts in every decoder_sparse_step-th layer, except those in mlp_only_layers. */
export const qwen3Moe: ModelFamily = {
  architecture: 'Qwen3MoeForCausalLM',
  modelType: 'qwen3_moe',
  read(config) {
    expectSilu(config);
    expectNoRouterLoss(config);
    const shape = readShape(config, { kvHeads: 4, maxPositions: 32_768 });
    const { hiddenSize, headDim } = shape;
    const eps = config.number('rms_norm_eps', 1e-6);
    const hasBias = config.flag('attention_bias', false);
    const rope = readRope(config);
    const window = config.flag('use_sliding_window', false) ? config.sizeOrNone('sliding_window', 4096) : 0;
    const inner = config.size('intermediate_size');
    const experts = expertsOf(config, hiddenSize);
    const isSparse = readSparseLayers(config);
    const spec = decoder(shape, eps, (path, layer) => ({
      ...preNorms(path, hiddenSize, eps),
      attention: separateAttention(path, shape, {
        ...{ rope, window },
        hasQkvBias: hasBias,
        hasOutputBias: hasBias,
        headNorms: {
          q: rmsNorm(`${path}.self_attn.q_norm`, headDim, eps),
          k: rmsNorm(`${path}.self_attn.k_norm`, headDim, eps),
        },
      }),
      mlp: isSparse(layer) ? experts(`${path}.mlp`) : gatedMlp(`${path}.mlp`, hiddenSize, inner),
    }));
    return { ...shape, decoder: spec };
  },
};

function expertsOf(config: ConfigFields, hiddenSize: number): (path: string) => MlpSpec {
  const count = config.size('num_experts', config.size('num_local_experts', 128));
  const expertsPerToken = config.size('num_experts_per_tok', 8);
  if (expertsPerToken > count) throw config.bad('num_experts_per_tok', `at most num_experts ${count}`);
  const inner = config.size('moe_intermediate_size', 768);
  const isRenormalised = config.flag('norm_topk_prob', false);
  return (path) => ({
    kind: 'experts',
    router: linear(`${path}.gate`, count, hiddenSize),
    experts: Array.from({ length: count }, (_, expert) => gatedMlp(`${path}.experts.${expert}`, hiddenSize, inner)),
    ...{ expertsPerToken, isRenormalised },
  });
}

function readSparseLayers(config: ConfigFields): (layer: number) => boolean {
  const step = config.size('decoder_sparse_step', 1);
  const dense = new Set(config.ids('mlp_only_layers'));
  return (layer) => !dense.has(layer) && (layer + 1) % step === 0;
}
