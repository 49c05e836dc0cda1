import { describe, expect, it } from '@jest/globals';
import { inverseFrequencies, type RopeConfig } from './rope.js';
import type { ModelConfig } from './model-config.js';
import { parseModelConfig } from './parse-model-config.js';
import { allLinears, parameterCount } from './weight-map.js';

const llama2 = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  vocab_size: 32000,
  hidden_size: 4096,
  intermediate_size: 11008,
  num_hidden_layers: 32,
  num_attention_heads: 32,
  rms_norm_eps: 1e-5,
  hidden_act: 'silu',
  max_position_embeddings: 4096,
};

describe('a configuration', () => {
  it('of Llama 2 7B has the published number of weights, and LoRA on it trains the published number', () => {
    const config = parseModelConfig(llama2);
    expect(parameterCount(config)).toBe(6_738_415_616);
    const rank = 16;
    const adapted = (names: RegExp, r: number) =>
      allLinears(config)
        .filter(({ path }) => names.test(path))
        .reduce((sum, { inFeatures, outFeatures }) => sum + r * (inFeatures + outFeatures), 0);
    expect(adapted(/_proj$/, rank)).toBe(39_976_960);
    expect(adapted(/[qv]_proj$/, rank)).toBe(8_388_608);
  });

  it('of each family sets biases, windows and head sizes', () => {
    const attentionOf = (config: ModelConfig) => config.decoder.layers.map(({ attention }) => attention);
    const windowsOf = (config: ModelConfig) => attentionOf(config).map(({ window }) => window);
    const ofQwen = { ...llama2, architectures: ['Qwen2ForCausalLM'], model_type: 'qwen2' };
    const mistral = parseModelConfig({
      ...llama2,
      architectures: ['MistralForCausalLM'],
      model_type: 'mistral',
      num_key_value_heads: 8,
      sliding_window: 4096,
    });
    expect(mistral).toMatchObject({ kvHeads: 8, headDim: 128 });
    expect(attentionOf(mistral)[0]?.projection).toMatchObject({ kind: 'separate', q: { hasBias: false } });
    expect(new Set(windowsOf(mistral))).toEqual(new Set([4096]));
    const qwen = parseModelConfig({
      ...ofQwen,
      sliding_window: 32768,
      use_sliding_window: false,
      tie_word_embeddings: true,
    });
    expect(qwen.isHeadTied).toBe(true);
    expect(attentionOf(qwen)[0]).toMatchObject({ projection: { v: { hasBias: true } }, output: { hasBias: false } });
    expect(new Set(windowsOf(qwen))).toEqual(new Set([0]));
    const partly = parseModelConfig({
      ...ofQwen,
      sliding_window: 64,
      use_sliding_window: true,
      max_window_layers: 30,
    });
    expect(windowsOf(partly).slice(28)).toEqual([0, 0, 64, 64]);
    const qwen3 = parseModelConfig({ ...ofQwen, architectures: ['Qwen3ForCausalLM'], model_type: 'qwen3' });
    expect(attentionOf(qwen3)[0]).toMatchObject({ headDim: 128, headNorms: { q: { size: 128 } } });
  });

  it('that is not supported is refused by name', () => {
    const refused = (change: Record<string, unknown>, problem: string) =>
      expect(() => parseModelConfig({ ...llama2, ...change })).toThrow(problem);
    refused({ architectures: ['LlamaForCausalLm'] }, 'did you mean LlamaForCausalLM?');
    refused(
      { architectures: ['T5ForConditionalGeneration'] },
      'architecture "T5ForConditionalGeneration" is not supported',
    );
    refused({ model_type: 'mistral' }, 'LlamaForCausalLM has model_type "llama"');
    refused({ rope_parameters: { full_attention: { rope_theta: 1e6 } } }, 'one rotary table for all layers');
    refused({ rope_parameters: { rope_theta: 1e6, partial_rotary_factor: 0.5 } }, 'covers whole heads');
    refused({ hidden_act: 'gelu' }, 'hidden_act = "gelu" is not supported');
    refused({ rope_scaling: { rope_type: 'yarn', factor: 4 } }, 'rope_scaling');
    refused({ auto_map: { AutoModel: 'x.Y' } }, 'never runs foreign code');
    refused({ quantization_config: { quant_method: 'hqq' } }, 'only bitsandbytes, gptq and awq');
    refused({ num_key_value_heads: 5 }, 'num_key_value_heads');
    refused({ vocab_size: '32000' }, 'expected a number for vocab_size');
    refused({ hidden_size: -1 }, 'a whole number above zero for hidden_size');
  });
});

describe('the defaults of each family where config.json is silent', () => {
  const of = (architecture: string, modelType: string, change: Record<string, unknown> = {}) =>
    parseModelConfig({ ...llama2, architectures: [architecture], model_type: modelType, ...change });
  const attentions = (config: ModelConfig) => config.decoder.layers.map(({ attention }) => attention);

  it('of Mistral slide by 4096 when the field is missing, and not at all when it is null', () => {
    const windows = (change: object) => attentions(of('MistralForCausalLM', 'mistral', { ...change }))[0]?.window;
    expect(windows({})).toBe(4096);
    expect(windows({ sliding_window: null })).toBe(0);
  });

  it('of Gemma 2 alternate windows, cap softly, tie the head and scale the embeddings', () => {
    const config = of('Gemma2ForCausalLM', 'gemma2', { num_key_value_heads: 4 });
    expect(attentions(config).slice(0, 3)).toMatchObject([4096, 0, 4096].map((window) => ({ window, softcap: 50 })));
    expect(config).toMatchObject({ isHeadTied: true, headDim: 256, decoder: { logitSoftcap: 30, embeddingScale: 64 } });
    const plain = of('Gemma2ForCausalLM', 'gemma2', { attn_logit_softcapping: null, final_logit_softcapping: null });
    expect([plain.decoder.logitSoftcap, attentions(plain)[0]?.softcap]).toEqual([0, 0]);
  });

  it('of Gemma 3 see everything in each sixth layer, with a rotary table of its own', () => {
    const old = { rope_theta: 1e6, rope_local_base_freq: 1e4, rope_scaling: { rope_type: 'linear', factor: 8 } };
    const renamed = {
      rope_parameters: {
        full_attention: { rope_theta: 1e6, rope_type: 'linear', factor: 8 },
        sliding_attention: { rope_theta: 1e4, rope_type: 'default' },
      },
    };
    const [before, after] = [old, renamed].map((change) => of('Gemma3ForCausalLM', 'gemma3_text', change));
    expect(after).toEqual(before);
    const layers = attentions(after as ModelConfig);
    expect(layers.slice(0, 7).map(({ window }) => window)).toEqual([4096, 4096, 4096, 4096, 4096, 0, 4096]);
    expect(layers.slice(4, 6).map(({ rope }) => rope)).toEqual([
      { theta: 1e4, scaling: { type: 'default' } },
      { theta: 1e6, scaling: { type: 'linear', factor: 8 } },
    ]);
  });

  it('of SmolLM3 rotate three layers of four', () => {
    const rotated = attentions(of('SmolLM3ForCausalLM', 'smollm3')).map(({ rope }) => rope !== undefined);
    expect(rotated.slice(0, 5)).toEqual([true, true, true, false, true]);
  });

  it('of Phi-3 need no code that comes with the files', () => {
    const autoMap = (name: string) => of('Phi3ForCausalLM', 'phi3', { auto_map: { AutoModelForCausalLM: name } });
    expect(attentions(autoMap('modeling_phi3.Phi3ForCausalLM'))[0]?.projection.kind).toBe('fused');
    expect(() => autoMap('modeling_other.Other')).toThrow('never runs foreign code');
  });

  it('of GPT-2 train with dropout, which is not built and told by name', () => {
    const config = parseModelConfig({ architectures: ['GPT2LMHeadModel'], model_type: 'gpt2', attn_pdrop: 0 });
    expect(config.trainingNoise).toEqual(['resid_pdrop', 'embd_pdrop']);
    // The published size of the smallest GPT-2.
    expect(parameterCount(config)).toBe(124_439_808);
  });

  it('of mixtures count every expert', () => {
    const mixtral = of('MixtralForCausalLM', 'mixtral', { num_key_value_heads: 8, intermediate_size: 14336 });
    // The published size of Mixtral 8x7B.
    expect(parameterCount(mixtral)).toBe(46_702_792_704);
    expect(() => of('MixtralForCausalLM', 'mixtral', { output_router_logits: true })).toThrow('balancing loss');
    expect(() => of('Qwen3MoeForCausalLM', 'qwen3_moe', { num_experts: 4 })).toThrow('num_experts_per_tok');
  });

  it('refuse what would be another model', () => {
    const refused = (architecture: string, modelType: string, change: object, problem: string) =>
      expect(() => of(architecture, modelType, { ...change })).toThrow(problem);
    refused('Gemma2ForCausalLM', 'gemma2', { use_bidirectional_attention: true }, 'attention is causal');
    refused('Gemma2ForCausalLM', 'gemma2', { hidden_activation: 'relu' }, 'hidden_activation = "relu"');
    refused('Gemma3ForCausalLM', 'gemma3_text', { attn_logit_softcapping: 50 }, 'does not cap its scores');
    refused('Gemma3ForCausalLM', 'gemma3_text', { rope_parameters: { rope_theta: 1 } }, 'expected full_attention');
    refused('Phi3ForCausalLM', 'phi3', { rope_scaling: { type: 'longrope' } }, 'rope_scaling');
    refused('Phi3ForCausalLM', 'phi3', { rope_scaling: { type: 'linear', factor: 2 } }, 'no scaling but longrope');
    const linear = { type: 'linear', factor: 2 };
    refused('Gemma3ForCausalLM', 'gemma3_text', { rope_scaling: linear }, 'under the name rope_type');
    refused('LlamaForCausalLM', 'llama', { rope_scaling: linear, rope_parameters: {} }, 'only one of them can hold');
    const slides = { layer_types: Array.from({ length: 32 }, () => 'sliding_attention') };
    refused('SmolLM3ForCausalLM', 'smollm3', { ...slides, sliding_window: 8 }, 'no sliding_window is in use');
    refused('Gemma3ForCausalLM', 'gemma3_text', { sliding_window: null }, 'no sliding_window is in use');
    refused('Phi3ForCausalLM', 'phi3', { partial_rotary_factor: 0.75 }, 'partial_rotary_factor = 0.75');
    refused('GPT2LMHeadModel', 'gpt2', { add_cross_attention: true }, 'no encoder');
    refused('SmolLM3ForCausalLM', 'smollm3', { no_rope_layers: [1, 0] }, 'no_rope_layers');
    refused('Qwen3ForCausalLM', 'qwen3', { layer_types: ['linear_attention'] }, 'layer_types');
  });
});

describe('rotary frequencies', () => {
  const rope = (change: Record<string, unknown>) =>
    parseModelConfig({ ...llama2, ...change }).decoder.layers[0]?.attention.rope as RopeConfig;

  it('read the old and the new spelling', () => {
    const old = rope({ rope_theta: 500000, rope_scaling: { type: 'linear', factor: 2 } });
    const renamed = rope({ rope_parameters: { rope_theta: 500000, rope_type: 'linear', factor: 2 } });
    expect(old).toEqual(renamed);
    const [first, second] = inverseFrequencies(old, 4);
    expect(first).toBe(0.5);
    expect(second).toBeCloseTo(500000 ** -0.5 / 2, 9);
  });

  it('of Llama 3.1 keep short waves, slow long ones by the factor and blend between', () => {
    const scaled = rope({
      rope_theta: 500000,
      rope_scaling: {
        rope_type: 'llama3',
        factor: 8,
        low_freq_factor: 1,
        high_freq_factor: 4,
        original_max_position_embeddings: 8192,
      },
    });
    const plain = inverseFrequencies({ theta: 500000, scaling: { type: 'default' } }, 128);
    const ratio = inverseFrequencies(scaled, 128).map((value, i) => value / (plain[i] as number));
    expect(ratio[0]).toBe(1);
    expect(ratio[63]).toBeCloseTo(1 / 8, 6);
    // Wave lengths between 2048 and 8192 are blended, monotonically.
    expect([...ratio]).toEqual([...ratio].sort((a, b) => b - a));
    expect(ratio.some((value) => value < 0.99 && value > 0.13)).toBe(true);
  });
});
