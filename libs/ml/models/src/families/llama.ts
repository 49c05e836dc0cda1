import { readRope } from '../config/rope.js';
import { expectSilu, readShape } from './decoder-fields.js';
import { decoder, gatedMlp, preNorms, separateAttention } from './decoder-parts.js';
import type { ModelFamily } from './family.js';

/** Llama 2 and 3, SmolLM 1 and 2, TinyLlama and whatever else is published under this architecture. */
export const llama: ModelFamily = {
  architecture: 'LlamaForCausalLM',
  modelType: 'llama',
  loraTargets: ['q_proj', 'v_proj'],
  read(config) {
    expectSilu(config);
    const shape = readShape(config);
    const inner = config.size('intermediate_size');
    const hasBias = config.flag('attention_bias', false);
    const hasMlpBias = config.flag('mlp_bias', false);
    const rope = readRope(config);
    const eps = config.number('rms_norm_eps', 1e-6);
    const spec = decoder(shape, eps, (path) => ({
      ...preNorms(path, shape.hiddenSize, eps),
      attention: separateAttention(path, shape, { rope, window: 0, hasQkvBias: hasBias, hasOutputBias: hasBias }),
      mlp: gatedMlp(`${path}.mlp`, shape.hiddenSize, inner, { hasBias: hasMlpBias }),
    }));
    return { ...shape, decoder: spec };
  },
};
