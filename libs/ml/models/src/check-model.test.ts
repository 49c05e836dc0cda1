// Goal: what can never run is refused by its name, by the check that an import asks for and by loading alike, and at once.
import { describe, expect, it } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seeded } from '@hone/base';
import { init } from '@hone/tensor';
import { checkModel, loadModel, parseModelConfig, weightMap, writeSafetensors } from './index.js';
import { firstNonFinite } from './finite-values.js';

init();

const sound = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  vocab_size: 40,
  hidden_size: 16,
  intermediate_size: 32,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 4,
  max_position_embeddings: 64,
  rms_norm_eps: 1e-5,
  rope_theta: 10_000,
  tie_word_embeddings: false,
};

type Weights = Map<string, { dtype: 'F32'; shape: readonly number[]; data: Float32Array }>;

/** Random weights for the sound config, changed by the case, beside a config that the case changed too. */
function model(config: Record<string, unknown> = {}, change: (weights: Weights) => void = () => undefined) {
  const weights: Weights = new Map(
    weightMap(parseModelConfig(sound)).map(({ name, shape }) => {
      const random = seeded(7, name);
      const size = shape.reduce((product, one) => product * one, 1);
      return [name, { dtype: 'F32', shape, data: Float32Array.from({ length: size }, () => random() - 0.5) }];
    }),
  );
  change(weights);
  const folder = mkdtempSync(join(tmpdir(), 'hone-check-'));
  writeSafetensors(join(folder, 'model.safetensors'), weights, { format: 'pt' });
  const file = readFileSync(join(folder, 'model.safetensors'));
  rmSync(folder, { recursive: true });
  const json = new TextEncoder().encode(JSON.stringify({ ...sound, ...config }));
  return new Map<string, Uint8Array>([
    ['config.json', json],
    ['model.safetensors', file],
  ]);
}

const setting = (name: string, value: number) => (weights: Weights) => {
  const data = weights.get(name)?.data as Float32Array;
  data[data.length - 1] = value;
};

const gate = 'model.layers.1.mlp.gate_proj.weight';
const llama3 = { rope_type: 'llama3', factor: 8, original_max_position_embeddings: 32 };

describe('a model that can never run', () => {
  it.each<[Record<string, unknown>, string, string]>([
    [{ num_hidden_layers: 1e9 }, 'invalid_config', 'num_hidden_layers'],
    [{ num_hidden_layers: 3 }, 'invalid_config', 'num_hidden_layers'],
    [{ num_hidden_layers: 1 }, 'invalid_config', 'num_hidden_layers'],
    [{ vocab_size: 2 ** 52 }, 'wrong_weight_shape', 'model.embed_tokens.weight'],
    [{ intermediate_size: 2 ** 40 }, 'wrong_weight_shape', 'mlp.gate_proj.weight'],
    [{ num_attention_heads: 0 }, 'invalid_config', 'num_attention_heads'],
    [{ rms_norm_eps: -1 }, 'invalid_config', 'rms_norm_eps'],
    [{ rope_theta: 0 }, 'invalid_config', 'rope_theta'],
    [{ rope_scaling: { rope_type: 'linear', factor: 0 } }, 'invalid_config', 'factor'],
    [{ rope_scaling: { ...llama3, low_freq_factor: 4, high_freq_factor: 4 } }, 'invalid_config', 'high_freq_factor'],
    [{ rope_scaling: { ...llama3, low_freq_factor: 0, high_freq_factor: 4 } }, 'invalid_config', 'low_freq_factor'],
  ])('is refused by its config: %j', (config, code, named) => {
    const source = model(config);
    const refused = { code, message: expect.stringContaining(named) as unknown };
    expect(() => checkModel(source)).toThrow(expect.objectContaining(refused));
    expect(() => loadModel(source)).toThrow(expect.objectContaining(refused));
  });

  it.each<[string, (weights: Weights) => void, string, string]>([
    ['a NaN', setting(gate, NaN), 'non_finite_weight', gate],
    ['an infinity', setting('model.norm.weight', -Infinity), 'non_finite_weight', 'model.norm.weight'],
    ['a tensor that is missing', (weights) => weights.delete(gate), 'weight_missing', gate],
    ['a tensor without a place', (weights) => weights.set('x', weights.get(gate) as never), 'unknown_weight', 'x'],
  ])('is refused by its weights: %s', (_, change, code, named) => {
    const source = model({}, change);
    const refused = { code, message: expect.stringContaining(named) as unknown };
    expect(() => checkModel(source)).toThrow(expect.objectContaining(refused));
    expect(() => loadModel(source)).toThrow(expect.objectContaining(refused));
  });

  it('is not one whose numbers are as they should be', () => {
    checkModel(model());
    loadModel(model()).free();
  });
});

describe('the search for numbers that are none', () => {
  const halves = (...patterns: number[]) => new Uint8Array(Uint16Array.from(patterns).buffer);

  it('finds each kind at each place of a word, and takes the largest numbers for what they are', () => {
    expect(firstNonFinite('BF16', halves(0x7f7f, 0xff7f, 0x0000, 0x8001))).toBeUndefined();
    expect(firstNonFinite('BF16', halves(0x7f7f, 0x7f80))).toBe(1);
    expect(firstNonFinite('BF16', halves(0xffc0, 0x7f7f, 0x3f80))).toBe(0);
    expect(firstNonFinite('F16', halves(0x7bff, 0xfbff))).toBeUndefined();
    expect(firstNonFinite('F16', halves(0x7bff, 0xfc00, 0x3c00))).toBe(1);
    const floats = (...values: number[]) => new Uint8Array(Float32Array.from(values).buffer);
    expect(firstNonFinite('F32', floats(3.4e38, -3.4e38, 1e-45))).toBeUndefined();
    expect(firstNonFinite('F32', floats(0, 1, -Infinity))).toBe(2);
    // An odd number of halves, and bytes that begin anywhere.
    const shifted = new Uint8Array([9, ...halves(0x3f80, 0x3f80, 0x7f80)]).subarray(1);
    expect(firstNonFinite('BF16', shifted)).toBe(2);
    expect(firstNonFinite('BF16', shifted.subarray(0, 4))).toBeUndefined();
    expect(firstNonFinite('F64', new Uint8Array(Float64Array.of(1e308, NaN).buffer))).toBe(1);
    expect(firstNonFinite('I32', floats(NaN))).toBeUndefined();
  });

  it('sees bytes that do not begin at an element', () => {
    const shifted = new Uint8Array(9);
    shifted.set(new Uint8Array(Float32Array.of(1, NaN).buffer), 1);
    expect(firstNonFinite('F32', shifted.subarray(1))).toBe(1);
  });
});
