import { layerLinears, layerNorms, routerPaths, type LinearSpec, type NormSpec } from './decoder-spec.js';
import type { ModelConfig } from './model-config.js';

/** What a weight is for: linear weights may be packed or quantised; routers are packed in f32; the others stay plain. */
export type WeightRole = 'embedding' | 'norm' | 'linear' | 'router' | 'bias' | 'head';

export interface WeightSpec {
  /** The name in the safetensors file, e.g. model.layers.0.self_attn.q_proj.weight. */
  readonly name: string;
  /** The shape in the file. */
  readonly shape: readonly number[];
  readonly role: WeightRole;
  /** The file holds [in, out] where all others hold [out, in]. */
  readonly isTransposed?: boolean;
  /** A norm whose factor is 1 + weight. */
  readonly isOffset?: boolean;
}

export type { LinearSpec };

/** Every linear module that an adapter may be put on, in the order of use. */
export const allLinears = ({ decoder }: ModelConfig): LinearSpec[] => decoder.layers.flatMap(layerLinears);

function normWeights(norm: NormSpec): WeightSpec[] {
  const weight: WeightSpec = { name: `${norm.path}.weight`, shape: [norm.size], role: 'norm' };
  if (norm.kind === 'layer') return [weight, { name: `${norm.path}.bias`, shape: [norm.size], role: 'bias' }];
  return norm.offset === 1 ? [{ ...weight, isOffset: true }] : [weight];
}

function linearWeights(linear: LinearSpec, role: 'linear' | 'router'): WeightSpec[] {
  const { path, outFeatures, inFeatures, hasBias, isTransposed } = linear;
  const name = `${path}.weight`;
  const weight: WeightSpec = isTransposed
    ? { name, shape: [inFeatures, outFeatures], role, isTransposed }
    : { name, shape: [outFeatures, inFeatures], role };
  return hasBias ? [weight, { name: `${path}.bias`, shape: [outFeatures], role: 'bias' }] : [weight];
}

/** Every tensor of the model, in the order of the forward pass. */
export function weightMap({ vocabSize, hiddenSize, maxPositions, decoder }: ModelConfig): WeightSpec[] {
  const { embeddingPath, positionPath, layers, norm, headPath } = decoder;
  const routers = new Set(routerPaths(decoder));
  const table = (path: string | undefined, rows: number, role: 'embedding' | 'head'): WeightSpec[] =>
    path === undefined ? [] : [{ name: `${path}.weight`, shape: [rows, hiddenSize], role }];
  return [
    ...table(embeddingPath, vocabSize, 'embedding'),
    ...table(positionPath, maxPositions, 'embedding'),
    ...layers.flatMap((layer) => [
      ...layerNorms(layer).flatMap(normWeights),
      ...layerLinears(layer).flatMap((linear) => linearWeights(linear, routers.has(linear.path) ? 'router' : 'linear')),
    ]),
    ...normWeights(norm),
    ...table(headPath, vocabSize, 'head'),
  ];
}

/** The shape on the device: linear weights are [out, in] whatever the file holds. */
export const shapeOnDevice = ({ shape, isTransposed }: WeightSpec): readonly number[] =>
  isTransposed ? [...shape].reverse() : shape;

/** Columns of a linear weight on the device: the length of the rows that are packed. */
const rowLength = (spec: WeightSpec): number => shapeOnDevice(spec)[1] as number;

/** Whether packed NF4, whose blocks are 64 weights of one row, can hold this linear weight. */
export const fitsNf4 = (spec: WeightSpec): boolean => rowLength(spec) % 64 === 0;

/** Whether every linear weight of the model can be held as NF4, as QLoRA holds its base. */
export const canBeNf4 = (config: ModelConfig): boolean =>
  weightMap(config).every((spec) => spec.role !== 'linear' || fitsNf4(spec));

/** How many numbers the model has; a tied head counts once. */
export const parameterCount = (config: ModelConfig): number =>
  weightMap(config).reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0);
