import { readRope } from '../config/rope.js';
import { expectSilu, readQwenWindows, readShape } from './decoder-fields.js';
import { decoder, gatedMlp, preNorms, separateAttention } from './decoder-parts.js';
import type { ModelFamily } from './family.js';

/** Qwen 2 and 2.5: biases on queries, keys and values; the upper layers may slide. */
export const qwen2: ModelFamily = {
  architecture: 'Qwen2ForCausalLM',
  modelType: 'qwen2',
  loraTargets: ['q_proj', 'v_proj'],
  read(config) {
    expectSilu(config);
    const shape = readShape(config, { maxPositions: 32_768 });
    const inner = config.size('intermediate_size');
    const rope = readRope(config);
    const windows = readQwenWindows(config);
    const eps = config.number('rms_norm_eps', 1e-6);
    const spec = decoder(shape, eps, (path, layer) => ({
      ...preNorms(path, shape.hiddenSize, eps),
      attention: separateAttention(path, shape, { rope, window: windows[layer] as number, hasQkvBias: true }),
      mlp: gatedMlp(`${path}.mlp`, shape.hiddenSize, inner),
    }));
    return { ...shape, decoder: spec };
  },
};
