import { readRope } from '../config/rope.js';
import { expectSilu, readShape } from './decoder-fields.js';
import { gatedMlp, llamaDecoder, separateAttention } from './decoder-parts.js';
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
    const decoder = llamaDecoder(shape, config.number('rms_norm_eps', 1e-6), (path) => ({
      attention: separateAttention(path, shape, { rope, window: 0, hasQkvBias: hasBias, hasOutputBias: hasBias }),
      mlp: gatedMlp(path, shape.hiddenSize, inner, hasMlpBias),
    }));
    return { ...shape, decoder };
  },
};
