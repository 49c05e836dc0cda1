import type { ModelConfig } from './model-config.js';

/** What a weight is for: linear weights may be packed or quantised and can carry adapters; the others stay plain. */
export type WeightRole = 'embedding' | 'norm' | 'linear' | 'bias' | 'head';

export interface WeightSpec {
  /** The name in the safetensors file, e.g. model.layers.0.self_attn.q_proj.weight. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly role: WeightRole;
}

/** A linear module: the path that PEFT uses, and its sizes. */
export interface LinearSpec {
  readonly path: string;
  readonly outFeatures: number;
  readonly inFeatures: number;
  readonly hasBias: boolean;
}

/** The seven projections of one layer, in the order of use. */
export function layerLinears(config: ModelConfig, layer: number): LinearSpec[] {
  const { hiddenSize: d, intermediateSize: f, heads, kvHeads, headDim } = config;
  const at = (name: string, outFeatures: number, inFeatures: number, hasBias: boolean): LinearSpec => ({
    path: `model.layers.${layer}.${name}`,
    outFeatures,
    inFeatures,
    hasBias,
  });
  return [
    at('self_attn.q_proj', heads * headDim, d, config.hasQkvBias),
    at('self_attn.k_proj', kvHeads * headDim, d, config.hasQkvBias),
    at('self_attn.v_proj', kvHeads * headDim, d, config.hasQkvBias),
    at('self_attn.o_proj', d, heads * headDim, config.hasOutputBias),
    at('mlp.gate_proj', f, d, config.hasMlpBias),
    at('mlp.up_proj', f, d, config.hasMlpBias),
    at('mlp.down_proj', d, f, config.hasMlpBias),
  ];
}

export const allLinears = (config: ModelConfig): LinearSpec[] =>
  Array.from({ length: config.layers }, (_, layer) => layerLinears(config, layer)).flat();

/** Every tensor of the model, in the order of the forward pass. */
export function weightMap(config: ModelConfig): WeightSpec[] {
  const { vocabSize, hiddenSize, headDim } = config;
  const norm = (name: string, size: number): WeightSpec => ({ name: `${name}.weight`, shape: [size], role: 'norm' });
  const specs: WeightSpec[] = [
    { name: 'model.embed_tokens.weight', shape: [vocabSize, hiddenSize], role: 'embedding' },
  ];
  for (let layer = 0; layer < config.layers; layer++) {
    const prefix = `model.layers.${layer}`;
    specs.push(norm(`${prefix}.input_layernorm`, hiddenSize), norm(`${prefix}.post_attention_layernorm`, hiddenSize));
    if (config.hasHeadNorm) {
      specs.push(norm(`${prefix}.self_attn.q_norm`, headDim), norm(`${prefix}.self_attn.k_norm`, headDim));
    }
    for (const { path, outFeatures, inFeatures, hasBias } of layerLinears(config, layer)) {
      specs.push({ name: `${path}.weight`, shape: [outFeatures, inFeatures], role: 'linear' });
      if (hasBias) specs.push({ name: `${path}.bias`, shape: [outFeatures], role: 'bias' });
    }
  }
  specs.push(norm('model.norm', hiddenSize));
  if (!config.isHeadTied) specs.push({ name: 'lm_head.weight', shape: [vocabSize, hiddenSize], role: 'head' });
  return specs;
}

/** How many numbers the model has; a tied head counts once. */
export const parameterCount = (config: ModelConfig): number =>
  weightMap(config).reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0);
