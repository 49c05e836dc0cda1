import { readRope } from '../config/rope.js';
import { readShape, readWindows } from './decoder-fields.js';
import { separateAttention } from './decoder-parts.js';
import type { ModelFamily } from './family.js';
import { gemmaDecoder, readGemmaScale } from './gemma-parts.js';

/** Gemma 2 (arXiv 2408.00118): soft caps on scores and logits; every other layer, the first one too, slides. */
export const gemma2: ModelFamily = {
  architecture: 'Gemma2ForCausalLM',
  modelType: 'gemma2',
  loraTargets: ['q_proj', 'v_proj'],
  read(config) {
    const shape = readShape(config, { kvHeads: 4, headDim: 256, maxPositions: 8192, isHeadTied: true });
    const eps = config.number('rms_norm_eps', 1e-6);
    const hasBias = config.flag('attention_bias', false);
    const rope = readRope(config);
    const windows = readWindows(config, config.sizeOrNone('sliding_window', 4096), (layer) => layer % 2 === 0);
    const scale = readGemmaScale(config);
    const softcap = config.numberOrNone('attn_logit_softcapping', 50) ?? 0;
    const spec = gemmaDecoder(config, shape, eps, (path, layer) =>
      separateAttention(path, shape, {
        ...{ rope, scale, softcap },
        window: windows[layer] as number,
        hasQkvBias: hasBias,
        hasOutputBias: hasBias,
      }),
    );
    return { ...shape, decoder: { ...spec, logitSoftcap: config.numberOrNone('final_logit_softcapping', 30) ?? 0 } };
  },
};
