import { layerLinears, layerNorms, type LinearSpec, type NormSpec } from './decoder-spec.js';
import type { ModelConfig } from './model-config.js';

/** What a weight is for: linear weights may be packed or quantised and can carry adapters; the others stay plain. */
export type WeightRole = 'embedding' | 'norm' | 'linear' | 'bias' | 'head';

export interface WeightSpec {
  /** The name in the safetensors file, e.g. model.layers.0.self_attn.q_proj.weight. */
  readonly name: string;
  /** The shape in the file. */
  readonly shape: readonly number[];
  readonly role: WeightRole;
  /** The file holds [in, out] where all others hold [out, in]. */
  readonly isTransposed?: boolean;
}

export type { LinearSpec };

/** Every linear module that an adapter may be put on, in the order of use. */
export const allLinears = ({ decoder }: ModelConfig): LinearSpec[] => decoder.layers.flatMap(layerLinears);

const normWeights = ({ path, size }: NormSpec): WeightSpec[] => [
  { name: `${path}.weight`, shape: [size], role: 'norm' },
];

function linearWeights({ path, outFeatures, inFeatures, hasBias }: LinearSpec): WeightSpec[] {
  const weight: WeightSpec = { name: `${path}.weight`, shape: [outFeatures, inFeatures], role: 'linear' };
  return hasBias ? [weight, { name: `${path}.bias`, shape: [outFeatures], role: 'bias' }] : [weight];
}

/** Every tensor of the model, in the order of the forward pass. */
export function weightMap({ vocabSize, hiddenSize, decoder }: ModelConfig): WeightSpec[] {
  const shape = [vocabSize, hiddenSize];
  const { embeddingPath, layers, norm, headPath } = decoder;
  return [
    { name: `${embeddingPath}.weight`, shape, role: 'embedding' },
    ...layers.flatMap((layer) => [
      ...layerNorms(layer).flatMap(normWeights),
      ...layerLinears(layer).flatMap(linearWeights),
    ]),
    ...normWeights(norm),
    ...(headPath === undefined ? [] : [{ name: `${headPath}.weight`, shape, role: 'head' } as const]),
  ];
}

/** How many numbers the model has; a tied head counts once. */
export const parameterCount = (config: ModelConfig): number =>
  weightMap(config).reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0);
