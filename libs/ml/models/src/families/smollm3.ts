import type { ConfigFields } from '../config/read-fields.js';
import { readRope } from '../config/rope.js';
import { expectSilu, readShape, readWindows } from './decoder-fields.js';
import { decoder, gatedMlp, preNorms, separateAttention } from './decoder-parts.js';
import type { ModelFamily } from './family.js';

/** SmolLM3: Llama whose every fourth layer is not rotated (NoPE, Yang et al., arXiv 2501.18795). */
export const smollm3: ModelFamily = {
  architecture: 'SmolLM3ForCausalLM',
  modelType: 'smollm3',
  read(config) {
    expectSilu(config);
    const shape = readShape(config, { kvHeads: 4, maxPositions: 32_768, isHeadTied: true });
    const inner = config.size('intermediate_size');
    const hasBias = config.flag('attention_bias', false);
    const hasMlpBias = config.flag('mlp_bias', false);
    const rope = readRope(config, { theta: 2_000_000 });
    const isRotated = readRotatedLayers(config, shape.layers);
    const window = config.flag('use_sliding_window', false) ? config.sizeOrNone('sliding_window', undefined) : 0;
    // Where a window is used at all, it is the layers without rotation that slide.
    const windows = readWindows(config, window, (layer) => !isRotated[layer]);
    const eps = config.number('rms_norm_eps', 1e-6);
    const spec = decoder(shape, eps, (path, layer) => ({
      ...preNorms(path, shape.hiddenSize, eps),
      attention: separateAttention(path, shape, {
        rope: isRotated[layer] ? rope : undefined,
        window: windows[layer] as number,
        hasQkvBias: hasBias,
        hasOutputBias: hasBias,
      }),
      mlp: gatedMlp(`${path}.mlp`, shape.hiddenSize, inner, { hasBias: hasMlpBias }),
    }));
    return { ...shape, decoder: spec };
  },
};

/** no_rope_layers holds 1 for a layer with rotation and 0 for one without. */
function readRotatedLayers(config: ConfigFields, layers: number): boolean[] {
  const listed = config.raw('no_rope_layers');
  if (listed === undefined) {
    const interval = config.size('no_rope_layer_interval', 4);
    return Array.from({ length: layers }, (_, layer) => (layer + 1) % interval !== 0);
  }
  const isFlag = (value: unknown): value is 0 | 1 => value === 0 || value === 1;
  if (Array.isArray(listed) && listed.length >= layers && listed.every(isFlag)) return listed.map((flag) => flag === 1);
  throw config.bad('no_rope_layers', `${layers} numbers that are 0 or 1`);
}
