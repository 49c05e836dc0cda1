import { readRope } from '../config/rope.js';
import { expectSilu, readShape } from './decoder-fields.js';
import { decoder, gatedMlp, preNorms, separateAttention } from './decoder-parts.js';
import type { ModelFamily } from './family.js';

/** Mistral 7B and its kin: Llama with a sliding window in every layer, where sliding_window is not null. */
export const mistral: ModelFamily = {
  architecture: 'MistralForCausalLM',
  modelType: 'mistral',
  loraTargets: ['q_proj', 'v_proj'],
  read(config) {
    expectSilu(config);
    if (config.raw('layer_types') !== undefined) {
      throw config.unsupported('layer_types', 'this architecture has one window for all layers');
    }
    const shape = readShape(config, { kvHeads: 8, maxPositions: 131_072 });
    const inner = config.size('intermediate_size');
    const rope = readRope(config);
    const window = config.sizeOrNone('sliding_window', 4096);
    const eps = config.number('rms_norm_eps', 1e-6);
    const spec = decoder(shape, eps, (path) => ({
      ...preNorms(path, shape.hiddenSize, eps),
      attention: separateAttention(path, shape, { rope, window }),
      mlp: gatedMlp(`${path}.mlp`, shape.hiddenSize, inner),
    }));
    return { ...shape, decoder: spec };
  },
};
