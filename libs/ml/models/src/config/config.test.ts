import { describe, expect, it } from '@jest/globals';
import { inverseFrequencies, type RopeConfig } from './rope.js';
import { parseModelConfig, type ModelConfig } from './model-config.js';
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
    expect(attentionOf(mistral)[0]?.projection.q.hasBias).toBe(false);
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
