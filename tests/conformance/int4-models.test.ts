// Goal: a GPTQ checkpoint held as int4 answers as the same checkpoint restored. Method: a small Llama whose linear weights are random
// codes with scales that are powers of two, so that bf16 holds every restored weight exactly: the int4 and the bf16 loading then have
// the same weights and differ by the order of sums alone, rounded to bf16 between layers.
import { describe, expect, it } from '@jest/globals';
import { seeded } from '@hone/base';
import {
  loadModel,
  parseModelConfig,
  safetensorsBytes,
  storedFormat,
  weightMap,
  type BaseFormat,
  type TensorToWrite,
  type WeightSpec,
} from '@hone/models';

import { planServing } from '@hone/recipes';
import { memoryStats, onDevice } from '@hone/tensor';
import { packedBatch, targetsOf } from './model-rows.js';

const config = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  vocab_size: 96,
  hidden_size: 128,
  intermediate_size: 256,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  max_position_embeddings: 64,
  rms_norm_eps: 1e-5,
  rope_theta: 10_000,
  hidden_act: 'silu',
  tie_word_embeddings: true,
};

/** A linear weight as AutoGPTQ stores it; a zero point of 8 is stored as 7. */
function gptqTensors({ name, shape }: WeightSpec, groupSize: number, shuffle: boolean): [string, TensorToWrite][] {
  const [outputs = 0, inputs = 0] = shape;
  const groups = inputs / groupSize;
  const random = seeded(3, name);
  const words = Int32Array.from({ length: (inputs / 8) * outputs }, () => Math.floor(random() * 2 ** 32) | 0);
  const zeros = new Int32Array((groups * outputs) / 8).fill(0x77777777);
  const scales = Float32Array.from({ length: groups * outputs }, () => 2 ** -(6 + Math.floor(random() * 3)));
  const index = Int32Array.from({ length: inputs }, (_, i) => (shuffle ? i % groups : Math.floor(i / groupSize)));
  const module = name.slice(0, -'.weight'.length);
  return [
    [`${module}.qweight`, { dtype: 'I32', shape: [inputs / 8, outputs], data: words }],
    [`${module}.qzeros`, { dtype: 'I32', shape: [groups, outputs / 8], data: zeros }],
    [`${module}.scales`, { dtype: 'F32', shape: [groups, outputs], data: scales }],
    [`${module}.g_idx`, { dtype: 'I32', shape: [inputs], data: index }],
  ];
}

function checkpoint(groupSize: number, shuffle = false): Map<string, Uint8Array> {
  const quantization = { quant_method: 'gptq', bits: 4, group_size: groupSize, desc_act: shuffle, sym: true };
  const tensors = weightMap(parseModelConfig(config)).flatMap((spec): [string, TensorToWrite][] => {
    if (spec.role === 'linear') return gptqTensors(spec, groupSize, shuffle);
    const random = seeded(4, spec.name);
    const count = spec.shape.reduce((product, size) => product * size, 1);
    const data = Float32Array.from({ length: count }, () => (spec.role === 'norm' ? 1 : random() - 0.5));
    return [[spec.name, { dtype: 'F32', shape: spec.shape, data }]];
  });
  return new Map([
    ['config.json', new TextEncoder().encode(JSON.stringify({ ...config, quantization_config: quantization }))],
    ['model.safetensors', safetensorsBytes(new Map(tensors))],
  ]);
}

const sequences = [0, 1].map((lane) => {
  const random = seeded(5, 'ids', lane);
  return Array.from({ length: 24 }, () => Math.floor(random() * config.vocab_size));
});

function logProbs(source: Map<string, Uint8Array>, format: BaseFormat): number[] {
  const model = loadModel(source, { format });
  const hidden = model.hidden(packedBatch(sequences));
  const { logp } = model.tokenLogProbs(hidden, targetsOf(sequences));
  const values = [...logp.floats()];
  for (const thing of [hidden, logp, model]) thing.free();
  return values;
}

const distance = (a: readonly number[], b: readonly number[]): number =>
  Math.max(...a.map((value, i) => Math.abs(value - (b[i] as number))));

describe('a GPTQ checkpoint asked for as int4', () => {
  it.each([32, 64, 128])('in groups of %d answers as its restored weights', (groupSize) => {
    const source = checkpoint(groupSize);
    const kept = logProbs(source, 'int4');
    expect(Math.min(...kept)).toBeLessThan(-1);
    expect(distance(kept, logProbs(source, 'bf16'))).toBeLessThan(0.02);
    expect(distance(kept, logProbs(source, 'f32'))).toBeLessThan(0.1);
    expect(memoryStats().liveBytes).toBe(0);
  });

  it('takes the memory that the null device counts, which is less than that of bf16', () => {
    const source = checkpoint(64);
    const bytes = (format: BaseFormat): number => {
      const before = memoryStats().liveBytes;
      const model = loadModel(source, { format });
      const taken = memoryStats().liveBytes - before;
      model.free();
      return taken;
    };
    let counted = 0;
    onDevice('null', () => {
      counted = bytes('int4');
    });
    expect(bytes('int4')).toBe(counted);
    expect(counted).toBeLessThan(bytes('bf16') / 2.5);
  });

  it('is known to be stored so, and planned so, unless it must be restored', () => {
    const planned = (shuffle: boolean) => planServing(checkpoint(64, shuffle), { sequences: 2, length: 32 });
    expect([storedFormat(checkpoint(64)), storedFormat(checkpoint(64, true))]).toEqual(['int4', undefined]);
    expect([planned(false).format, planned(true).format]).toEqual(['int4', 'bf16']);
    const before = memoryStats().liveBytes;
    const model = loadModel(checkpoint(64), { format: 'int4' });
    expect(memoryStats().liveBytes - before).toBe(planned(false).parts.weights);
    model.free();
  });

  it('in activation order is refused by name, and restored for every other format', () => {
    const fix = 'model.layers.0.self_attn.q_proj.weight but received other weights; fix: ask for bf16 or nf4';
    expect(() => loadModel(checkpoint(64, true), { format: 'int4' })).toThrow(fix);
    expect(distance(logProbs(checkpoint(64, true), 'bf16'), logProbs(checkpoint(64, true), 'f32'))).toBeLessThan(0.1);
  });
});
