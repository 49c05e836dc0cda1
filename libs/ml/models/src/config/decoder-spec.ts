import type { RopeConfig } from './rope.js';

/** y = x / sqrt(mean(x²) + eps) * weight. */
export interface NormSpec {
  readonly kind: 'rms';
  readonly path: string;
  readonly size: number;
  readonly eps: number;
}

/** A linear module: the path that PEFT uses, and its sizes. */
export interface LinearSpec {
  readonly path: string;
  readonly outFeatures: number;
  readonly inFeatures: number;
  readonly hasBias: boolean;
}

/** Three projections, or one whose output holds queries, keys and values side by side. */
export type ProjectionSpec = {
  readonly kind: 'separate';
  readonly q: LinearSpec;
  readonly k: LinearSpec;
  readonly v: LinearSpec;
};

export interface AttentionSpec {
  readonly projection: ProjectionSpec;
  readonly output: LinearSpec;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  /** Norms over each head of queries and keys, before the rotation. */
  readonly headNorms: { readonly q: NormSpec; readonly k: NormSpec } | undefined;
  /** undefined = positions do not enter this layer. */
  readonly rope: RopeConfig | undefined;
  /** Factor on the scores, usually 1 / sqrt(headDim). */
  readonly scale: number;
  /** Attended tokens, the own one included; 0 = all. */
  readonly window: number;
}

/** down(silu(gate x) * up x). */
export type MlpSpec = {
  readonly kind: 'gated';
  readonly gate: LinearSpec;
  readonly up: LinearSpec;
  readonly down: LinearSpec;
};

/** x + attention(norm(x)), then + mlp(norm(.)). */
export interface LayerSpec {
  readonly attentionNorm: NormSpec;
  readonly attention: AttentionSpec;
  readonly mlpNorm: NormSpec;
  readonly mlp: MlpSpec;
}

/** Everything that is computed between ids and logits, as data: the weight map and the modules are both made from it. */
export interface DecoderSpec {
  readonly embeddingPath: string;
  readonly layers: readonly LayerSpec[];
  readonly norm: NormSpec;
  /** undefined = the embedding table is also the head. */
  readonly headPath: string | undefined;
}

const projectionLinears = (projection: ProjectionSpec): LinearSpec[] => [projection.q, projection.k, projection.v];

const mlpLinears = (mlp: MlpSpec): LinearSpec[] => [mlp.gate, mlp.up, mlp.down];

/** The linear modules of one layer, in the order of use. */
export const layerLinears = ({ attention, mlp }: LayerSpec): LinearSpec[] => [
  ...projectionLinears(attention.projection),
  attention.output,
  ...mlpLinears(mlp),
];

/** The norms of one layer. */
export const layerNorms = ({ attentionNorm, attention: { headNorms }, mlpNorm }: LayerSpec): NormSpec[] => [
  attentionNorm,
  mlpNorm,
  ...(headNorms ? [headNorms.q, headNorms.k] : []),
];
