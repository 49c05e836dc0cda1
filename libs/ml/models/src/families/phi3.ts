import { readRope } from '../config/rope.js';
import { expectSilu, readShape } from './decoder-fields.js';
import { decoder, linear, preNorms } from './decoder-parts.js';
import type { ModelFamily } from './family.js';

/** Phi-3: Llama with queries, keys and values in one product, and gate and up in another, which are also PEFT's modules. */
export const phi3: ModelFamily = {
  architecture: 'Phi3ForCausalLM',
  modelType: 'phi3',
  adoptedCode: 'modeling_phi3.Phi3ForCausalLM',
  read(config) {
    expectSilu(config);
    const dropouts = ['attention_dropout', 'resid_pdrop', 'embd_pdrop'];
    const shape = readShape(config, { maxPositions: 4096, dropouts });
    const { hiddenSize, heads, kvHeads, headDim } = shape;
    const eps = config.number('rms_norm_eps', 1e-5);
    const inner = config.size('intermediate_size');
    const rope = readRope(config);
    if (rope.scaling.type !== 'default') {
      throw config.unsupported('rope_scaling', 'this architecture knows no scaling but longrope, which is not built');
    }
    const window = config.sizeOrNone('sliding_window', undefined);
    const spec = decoder(shape, eps, (path) => ({
      ...preNorms(path, hiddenSize, eps),
      attention: {
        projection: {
          kind: 'fused',
          qkv: linear(`${path}.self_attn.qkv_proj`, (heads + 2 * kvHeads) * headDim, hiddenSize),
        },
        output: linear(`${path}.self_attn.o_proj`, hiddenSize, heads * headDim),
        ...{ heads, kvHeads, headDim, rope, window },
        scale: 1 / Math.sqrt(headDim),
        softcap: 0,
        headNorms: undefined,
      },
      mlp: {
        kind: 'fused-gated',
        activation: 'silu',
        gateUp: linear(`${path}.mlp.gate_up_proj`, 2 * inner, hiddenSize),
        down: linear(`${path}.mlp.down_proj`, hiddenSize, inner),
      },
    }));
    return { ...shape, decoder: spec };
  },
};
