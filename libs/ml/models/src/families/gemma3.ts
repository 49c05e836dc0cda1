import type { ConfigFields } from '../config/read-fields.js';
import { readRopeOf, readRopeParameters, type RopeConfig } from '../config/rope.js';
import { expectWindow, readLayerTypes, readShape } from './decoder-fields.js';
import { rmsNorm, separateAttention } from './decoder-parts.js';
import type { ModelFamily } from './family.js';
import { gemmaDecoder, readGemmaScale } from './gemma-parts.js';

/** Gemma 3, text only (arXiv 2503.19786): norms on queries and keys; five sliding layers, then one that sees everything. */
export const gemma3: ModelFamily = {
  architecture: 'Gemma3ForCausalLM',
  modelType: 'gemma3_text',
  loraTargets: ['q_proj', 'v_proj'],
  read(config) {
    // transformers reads this field and has no use for it in its attention, so a value would be a model nobody computes.
    config.only('attn_logit_softcapping', undefined, 'this architecture does not cap its scores');
    const shape = readShape(config, { kvHeads: 4, headDim: 256, maxPositions: 131_072, isHeadTied: true });
    const eps = config.number('rms_norm_eps', 1e-6);
    const hasBias = config.flag('attention_bias', false);
    const pattern = config.size('sliding_window_pattern', config.size('_sliding_window_pattern', 6));
    const types = readLayerTypes(config, (layer) => (layer + 1) % pattern !== 0);
    const window = config.sizeOrNone('sliding_window', 4096);
    expectWindow(config, window, types);
    const ropes = readRopes(config);
    const scale = readGemmaScale(config);
    const decoder = gemmaDecoder(config, shape, eps, (path, layer) => {
      const isLocal = types[layer] === 'sliding_attention';
      const headNorm = (name: string) => rmsNorm(`${path}.self_attn.${name}`, shape.headDim, eps, 1);
      return separateAttention(path, shape, {
        scale,
        rope: isLocal ? ropes.local : ropes.global,
        window: isLocal ? window : 0,
        headNorms: { q: headNorm('q_norm'), k: headNorm('k_norm') },
        hasQkvBias: hasBias,
        hasOutputBias: hasBias,
      });
    });
    return { ...shape, decoder };
  },
};

/** Two tables: rope_parameters by layer type, or rope_theta with rope_scaling beside rope_local_base_freq in older files. */
function readRopes(config: ConfigFields): { local: RopeConfig; global: RopeConfig } {
  const refuse = (name: string) => (reason: string) => config.unsupported(name, reason);
  const parameters = readRopeParameters(config);
  if (parameters && !parameters.has('full_attention') && !parameters.has('sliding_attention')) {
    throw config.unsupported('rope_parameters', 'expected full_attention and sliding_attention in it');
  }
  const [name, globalScaling] = parameters
    ? ['rope_parameters', parameters.record('full_attention')]
    : ['rope_scaling', config.record('rope_scaling')];
  // transformers overlooks the older name of this field here, and stretches nothing.
  if (globalScaling?.has('type') && !globalScaling.has('rope_type')) {
    throw config.unsupported(name, 'expected its type under the name rope_type');
  }
  const local = parameters?.record('sliding_attention');
  return {
    global: readRopeOf(globalScaling, config.number('rope_theta', 1_000_000), refuse(name)),
    local: readRopeOf(local, config.number('rope_local_base_freq', 10_000), refuse('rope_parameters')),
  };
}
