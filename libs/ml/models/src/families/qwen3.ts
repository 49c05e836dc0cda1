import { readRope } from '../config/rope.js';
import { expectSilu, readQwenWindows, readShape } from './decoder-fields.js';
import { decoder, gatedMlp, preNorms, rmsNorm, separateAttention } from './decoder-parts.js';
import type { ModelFamily } from './family.js';

/** Qwen 3: a norm over each head of the queries and keys; the head size is its own, not hidden_size / heads. */
export const qwen3: ModelFamily = {
  architecture: 'Qwen3ForCausalLM',
  modelType: 'qwen3',
  loraTargets: ['q_proj', 'v_proj'],
  read(config) {
    expectSilu(config);
    const shape = readShape(config, { headDim: 128, maxPositions: 32_768 });
    const inner = config.size('intermediate_size');
    const eps = config.number('rms_norm_eps', 1e-6);
    const hasBias = config.flag('attention_bias', false);
    const rope = readRope(config);
    const windows = readQwenWindows(config);
    const spec = decoder(shape, eps, (path, layer) => ({
      ...preNorms(path, shape.hiddenSize, eps),
      attention: separateAttention(path, shape, {
        rope,
        window: windows[layer] as number,
        hasQkvBias: hasBias,
        hasOutputBias: hasBias,
        headNorms: {
          q: rmsNorm(`${path}.self_attn.q_norm`, shape.headDim, eps),
          k: rmsNorm(`${path}.self_attn.k_norm`, shape.headDim, eps),
        },
      }),
      mlp: gatedMlp(`${path}.mlp`, shape.hiddenSize, inner),
    }));
    return { ...shape, decoder: spec };
  },
};
